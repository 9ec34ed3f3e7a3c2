/* cmd_author: what is known of authors' consent, and telling the relay. */
#pragma once

/* argv[0] is `author`, argv[1] one of `list`, `show`, `optin`, `optout`, `forget`, `import`. */
int cmd_author(int argc, char **argv);
