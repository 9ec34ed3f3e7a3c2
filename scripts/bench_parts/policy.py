"""What deciding costs among many rules: the program does it (tests/bench/policy.c); judged here."""

import json
import subprocess

from bench_parts.programs import BenchFailed
from peers import keys

SIGNS_MOST = 0.02  # of a signature: 20 us where one takes a millisecond


def measure(directory, programs):
    """As the program prints it: the calmest of three runs."""
    key = directory / "key.pem"
    key.touch(mode=0o600)
    key.write_bytes(keys.private_pem(keys.ActorKeys().rsa))
    return min((_run(programs / "bench_policy", key) for _ in range(3)),
               key=lambda found: found["decision_in_signs"])


def _run(program, key):
    done = subprocess.run([program, key], capture_output=True, text=True, check=False, timeout=300,
                          stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise BenchFailed(f"deciding was not measured: {done.stderr.strip()}")
    return json.loads(done.stdout)


def text(found):
    return f"""
{found["rules"]} rules, {found["zones"]} zones; read in {found["load_ms"]} ms:
  one decision, median      {found["decision_us"]:8.2f} us  {found["decision_in_signs"]:8.5f} signatures   less than {SIGNS_MOST}
  of the dearest hundredth  {found["decision_us_p99"]:8.2f} us  {found["decision_in_signs_p99"]:8.5f} signatures
  one signature             {found["sign_us"]:8.2f} us"""


def missed(found):
    if found["decision_in_signs"] < SIGNS_MOST:
        return []
    return [f"a decision takes {found['decision_in_signs']} signatures; less than {SIGNS_MOST}"
            " are allowed"]
