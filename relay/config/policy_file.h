/* policy_file: the `zones` and `rules` of the configuration file as a policy. */
#pragma once

#include "relay/config/yaml.h"
#include "relay/rules/policy.h"

/* zones and rules: their values in the file; NULL where they are not in it. https: the scheme of
 * the relay's url, whose default port patterns leave out. Adds to ret, which is {0} before and the
 * caller's to fini whatever comes of it; it is whole only if no mistake was added. */
void policy_file_read(const struct yaml_tree *zones, const struct yaml_tree *rules, bool https,
                      struct mistakes *mistakes, struct policy *ret);
