"""The real `heyan` in a sandbox of its own, and what the tests do with it by HTTP: filings, the inbox, captchas, the clock."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from webdriver import DIRECT, wait

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def resident_id(number):
    """A made-up but well-formed resident identity number (GB 11643); `number` goes into its sequence."""
    body = f"11010519491231{number:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS)) % 11]


class Person:
    """A principal: name, phone, document."""

    def __init__(self, name, phone, number):
        self.name, self.phone, self.number = name, phone, number

    @property
    def tail(self):
        return self.number[-6:]

    def principal(self):
        return {"name": self.name, "phone": self.phone, "document": {"type": "resident_id", "number": self.number}}


WANG = Person("王小明", "13800138000", "11010519491231002X")
LI = Person("李雷", "13900139000", resident_id(17))
ZHAO = Person("赵丽", "18612345678", resident_id(23))


class Portal:
    """`heyan demo` on a free port with a database in a temporary folder."""

    def __init__(self, binary):
        self.folder = tempfile.TemporaryDirectory(prefix="heyan-browser-")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.log = Path(self.folder.name) / "log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEYAN_")}
        environment["HEYAN_PUBLIC_URL"] = self.url
        self.binary, self.database = binary, f"sqlite://{self.folder.name}/heyan.db"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [binary, "demo", "--database-url", self.database, "--listen", f"127.0.0.1:{port}"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.folder.name)
        try:
            wait(self.ready, "heyan demo to answer", 60)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log.read_text()}") from None
        self.key = None

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"heyan demo ended with {self.process.returncode}\n{self.log.read_text()}")
        try:
            return DIRECT.open(self.url + "/readyz", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        self.folder.cleanup()
        assert status == 0, f"heyan demo ended with {status} after SIGTERM"

    def call(self, method, path, body=None, key=None):
        """JSON in, JSON out; what is no 2xx is an error with the answer's text."""
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with DIRECT.open(request, timeout=60) as reply:
                text = reply.read()
                return json.loads(text) if text else None
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None

    def reset(self, now="2026-03-02T09:00:00+08:00"):
        """An empty database at `now`, with a provider of ours."""
        self.call("POST", "/sandbox/api/reset", {"now": now})
        provider = {"name": "browser tests", "webhook_url": None}
        self.key = self.call("POST", "/sandbox/api/providers", provider)["api_key"]

    def advance(self, period):
        self.call("PUT", "/sandbox/api/clock", {"advance": period})

    def file(self, province, first, *others, reference="ORDER-1"):
        """A new filing: `first` answers for the subject, each other person for a site."""
        sites = [{"name": f"网站{at}", "domains": [f"site{at}.example.cn"], "service_type": "website",
                  "principal": person.principal()} for at, person in enumerate(others, 1)]
        return self.call("POST", "/api/v1/filing-requests", {
            "province": province, "kind": "new_filing", "provider_reference": reference,
            "subject": {"name": "某某科技有限公司", "principal": first.principal()}, "sites": sites}, self.key)

    def request(self, identity):
        return self.call("GET", f"/api/v1/filing-requests/{identity}", key=self.key)

    def sms(self, person):
        """The newest message to a person, once there is one."""
        path = "/sandbox/api/messages?" + urllib.parse.urlencode({"phone": person.phone})
        return wait(lambda: self.call("GET", path), f"a message to {person.phone}")[0]

    def captcha(self, identity):
        return self.call("GET", f"/sandbox/api/captcha/{identity}")["answer"]


# The forms, as a visitor fills them in.

def by_image(browser):
    """Where a script has put the puzzle in the image's place: the image again."""
    for button in browser.all(".to-image"):
        if button.displayed:
            button.click()


def fill(browser, **fields):
    if "captcha_answer" in fields:
        by_image(browser)
    for name, value in fields.items():
        browser.css(f"main input[name={name}]").type(value)


def answer_captcha(browser, portal):
    by_image(browser)
    identity = browser.css("main input[name=captcha_id]").value
    browser.css("main input[name=captcha_answer]").type(portal.captcha(identity))


def submit(browser):
    browser.leave(browser.css("main form button.primary").click, "the answer to the form")


def verify(browser, portal, person, code=None, tail=None):
    """Fills in and sends the form of 短信核验 that is open; the outcome."""
    fields = {"sms_code": code or portal.sms(person)["code"], "id_tail": tail or person.tail}
    if browser.all("main input[name=phone]"):
        fields["phone"] = person.phone
    fill(browser, **fields)
    answer_captcha(browser, portal)
    submit(browser)
    return outcome(browser)


def resend(browser, portal, person, tail=None):
    """Fills in and sends the form of 短信重发 that is open; the outcome."""
    fill(browser, phone=person.phone, id_tail=tail or person.tail)
    answer_captcha(browser, portal)
    submit(browser)
    return outcome(browser)


def progress(browser, portal, request, person):
    """Fills in and sends the form of 公共查询 that is open; the outcome."""
    fill(browser, request_id=request, phone=person.phone)
    answer_captcha(browser, portal)
    submit(browser)
    return outcome(browser)


def guess(portal, path, person):
    """A submission without a browser that fails by its captcha."""
    with DIRECT.open(portal.url + path) as reply:
        identity = re.search(r'name="captcha_id" value="([^"]*)"', reply.read().decode())[1]
    fields = {"sms_code": "123456", "phone": person.phone, "id_tail": person.tail, "captcha_id": identity,
              "captcha_answer": "0"}
    try:
        DIRECT.open(portal.url + path, urllib.parse.urlencode(fields).encode())
    except urllib.error.HTTPError as error:
        assert error.code in (422, 429), error.code


def outcome(browser):
    panels = browser.all("[data-outcome]")
    return panels[0].attribute("data-outcome") if panels else None
