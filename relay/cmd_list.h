/* cmd_list: `weir list import|proposals|confirm|dismiss`. */
#pragma once

int cmd_list(int argc, char **argv);
