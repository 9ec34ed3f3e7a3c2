/* cmd_report: `weir report`. */
#pragma once

int cmd_report(int argc, char **argv);
