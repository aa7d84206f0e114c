"""The README's walk by curl, to the letter, against the running demo."""

import json
import os
import re
import subprocess
from pathlib import Path

import case
import unittest

ROOT = Path(__file__).resolve().parents[2]


class Readme(unittest.TestCase):
    def test_the_walk_by_curl(self):
        case.portal.reset()
        section = (ROOT / "README.md").read_text().split("## By curl")[1].split("\n## ")[0]
        given, walk = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
        self.assertEqual(given, "U=http://127.0.0.1:8080 KEY=hk_…\n")
        environment = os.environ | {"U": case.portal.url, "KEY": case.portal.key, "no_proxy": "127.0.0.1"}
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", walk], env=environment, capture_output=True, text=True,
                             timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        self.assertIn("\nverified_waiting\nverified_all\n", ran.stdout)
        self.assertRegex(ran.stdout.splitlines()[-1], r'"state": ?"handed_over"')

    def test_the_walk_through_the_api(self):
        case.portal.reset()
        section = (ROOT / "docs/api.md").read_text().split("## A walk by curl")[1].split("\n## ")[0]
        given, *walk = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
        self.assertEqual(given, "U=http://127.0.0.1:8080 KEY=hk_…\n")
        environment = os.environ | {"U": case.portal.url, "KEY": case.portal.key, "no_proxy": "127.0.0.1"}
        ran = subprocess.run(["bash", "-euo", "pipefail", "-c", "".join(walk)], env=environment, capture_output=True,
                             text=True, timeout=60)
        self.assertEqual(ran.returncode, 0, ran.stderr + ran.stdout)
        answers = [json.loads(line) for line in ran.stdout.splitlines()]
        found, old, new = answers[1], answers[-1], answers[-2]
        self.assertEqual([one["id"] for one in found["data"]], [old["id"]])
        self.assertEqual((old["state"], old["resubmitted_by"], new["resubmits"]), ("withdrawn", new["id"], old["id"]))

    def test_what_the_readmes_name_is_there(self):
        for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "docs/api.md", "docs/operating.md", "docs/rules.md"):
            page = ROOT / name
            for link in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
                if "://" not in link:
                    self.assertTrue((page.parent / link).exists(), f"{name} names {link}")
