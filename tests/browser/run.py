"""Runs the browser tests: `run.py --binary target/debug/heyan --screenshots target/screenshots [name …]`.
Closes with `N passed, N failed`."""

import argparse
import sys
import time
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

import case  # noqa: E402
from portal import Portal  # noqa: E402
from webdriver import Driver  # noqa: E402


class Result(unittest.TestResult):
    """One line a test, with its time; what failed is told at once."""

    def startTest(self, test):
        super().startTest(test)
        self.began, self.bad = time.monotonic(), False

    def told(self, problem):
        self.bad = True
        print(problem, flush=True)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.told(self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self.told(self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.told(f"{subtest}\n{self._exc_info_to_string(err, test)}")

    def stopTest(self, test):
        super().stopTest(test)
        self.failed = getattr(self, "failed", 0) + self.bad
        print(f"{'FAIL' if self.bad else 'ok'}  {time.monotonic() - self.began:5.1f} s  {test.id()}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--screenshots", type=Path, required=True)
    parser.add_argument("names", nargs="*", help="parts of the names of the tests to run")
    arguments = parser.parse_args()
    loader = unittest.TestLoader()
    loader.testNamePatterns = [f"*{name}*" for name in arguments.names] or None
    tests = loader.discover(str(FOLDER))
    case.screenshots = arguments.screenshots
    case.driver = Driver()
    result = Result()
    try:
        case.portal = Portal(str(Path(arguments.binary).resolve()))
        try:
            tests.run(result)
        finally:
            case.portal.stop()
    finally:
        case.driver.stop()
    # what broke outside any test (a class's set-up) counts too
    outside = sum(not isinstance(test, unittest.TestCase) for test, _ in result.errors)
    failed = getattr(result, "failed", 0) + outside
    passed = result.testsRun - getattr(result, "failed", 0)
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed > 0 or passed == 0)


if __name__ == "__main__":
    main()
