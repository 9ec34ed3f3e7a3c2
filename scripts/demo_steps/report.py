"""What the demo says, and how it counts."""

import sys
import textwrap


class Report:
    """Prints as things happen. A check that fails says what was found instead."""

    def __init__(self, out=sys.stdout):
        self._out = out
        self._color = out.isatty()
        self.passed = 0
        self.failed = 0

    def step(self, number, title):
        self._print(f"\n{self._paint('1', f'{number}. {title}')}")

    def say(self, text):
        self._print(textwrap.fill(text, 96, initial_indent="   ", subsequent_indent="   "))

    def line(self, text):
        """What a program printed, as it stands."""
        self._print(f"      {text}")

    def check(self, what, ok, found=""):
        """Counts one check. `found`: what there was instead, shown only where it failed."""
        if ok:
            self.passed += 1
            self._print(f"   {self._paint('32', 'ok')}    {what}")
        else:
            self.failed += 1
            self._print(f"   {self._paint('31', 'FAIL')}  {what}")
            if found != "":
                self._print(f"         found: {str(found)[:600]}")
        return ok

    def end(self):
        """The line that machines read; true where all is well."""
        self._print(f"\n{self.passed} passed, {self.failed} failed")
        return self.failed == 0 and self.passed > 0

    def _paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._color else text

    def _print(self, line):
        print(line, file=self._out, flush=True)
