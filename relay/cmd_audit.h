/* cmd_audit: the verbs about the audit log. */
#pragma once

int cmd_audit(int argc, char **argv);
