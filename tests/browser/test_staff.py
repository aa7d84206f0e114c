"""The bureau's console in the browser: login with a code, queue, timeline, review, export; every page looked at."""

import base64
import hashlib
import hmac
import itertools
import re
import struct
import subprocess
import time
import urllib.parse

import portal as p
import test_every_page
import test_main_job
from case import Case

from webdriver import ENTER, wait

PASSWORD = "马踏飞燕 in the Hexi corridor"
STEP = 30
number = itertools.count(1)


class Account:
    """Somebody of the staff, added by `heyan staff add` beside the running demo."""

    def __init__(self, portal, role="officer", where=("--province", "gansu")):
        self.name = f"{role}{next(number)}"
        added = subprocess.run(
            [portal.binary, "staff", "add", self.name, *where, "--role", role, "--database-url", portal.database],
            input=PASSWORD + "\n", capture_output=True, text=True, timeout=60, cwd=portal.folder.name)
        assert added.returncode == 0, added.stderr
        uri = re.fullmatch(r"totp_uri=(otpauth://totp/.*)\n", added.stdout)[1]
        secret = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
        self.seed = base64.b32decode(secret + "=" * (-len(secret) % 8))

    def code(self, before=0):
        """What the authenticator shows, or showed a step before; not in the last seconds of a step."""
        wait(lambda: time.time() % STEP < STEP - 8, "a step that has begun", STEP)
        counter = struct.pack(">Q", int(time.time()) // STEP - before)
        digest = hmac.new(self.seed, counter, hashlib.sha1).digest()
        at = digest[-1] & 15
        return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06d}"


class Staff(Case):
    def setUp(self):
        super().setUp()
        # a reset of the sandbox ends no session of the staff
        self.open("/")
        self.browser.call("DELETE", "/cookie")

    def check(self, name):
        test_every_page.EveryPage.check(self, f"staff-{name}")

    def press(self, selector="main form button[type=submit]"):
        self.browser.leave(self.browser.css(selector).click, f"where {selector} leads")

    def follow(self, selector):
        self.press(selector)

    def log_in(self, account):
        """By the code of the step before, so that the present one is still good for one thing more."""
        self.open("/staff")
        code = account.code(before=1)
        p.fill(self.browser, user=account.name, password=PASSWORD, code=code)
        self.press()
        self.assertIn(self.browser.css("h1").text, ("待受理", "账号管理"))

    def moved(self, person, previous):
        """A changed number that waits for the bureau."""
        subject = {"name": "某某科技有限公司", "principal": person.principal() | {"previous_phone": previous}}
        return self.portal.call("POST", "/api/v1/filing-requests", {
            "province": "gansu", "kind": "change_phone", "provider_reference": "ORDER-9", "subject": subject}, self.portal.key)


class Walk(Staff):
    """What an officer does all day."""

    def test_officer(self):
        officer = Account(self.portal)
        request = self.portal.file("gansu", p.WANG, p.LI)["id"]
        self.open("/gansu")
        self.press(".area-staff button")
        self.assertIn("/staff/login", self.browser.url)
        self.check("login")
        self.press()
        self.check("login-422")
        self.assert_focus_on("section.panel")
        p.fill(self.browser, user=officer.name, password="wrong", code="000000")
        self.press()
        self.assertIn("账号、密码或动态码不正确", self.browser.css("section.panel").text)
        self.assertEqual(self.browser.css("#user").value, officer.name)
        self.check("login-wrong")
        self.log_in(officer)
        self.check("queue-empty")

        # before it is handed over: its timeline, and an SMS for who called
        self.open(f"/staff/requests/{request}")
        self.portal.sms(p.WANG)
        self.check("request")
        self.follow("a[href*=resend]")
        self.check("resend")
        self.press()
        self.assertIn("已重发短信", self.browser.css("section.panel").text)
        for person in (p.WANG, p.LI):
            self.open("/gansu/sms-verification")
            p.verify(self.browser, self.portal, person)
        self.open("/staff")
        self.check("queue")
        self.follow("tbody a")
        timeline = self.browser.css(".timeline").text
        for part in ("接入商提交", "首次短信已发出", f"管局（{officer.name}）", "核验通过：王**", "提交管局审核"):
            self.assertIn(part, timeline)
        self.assertNotIn(p.WANG.phone, self.browser.source)
        self.press("form[action$=accept] button")
        self.assertIn("已受理", self.browser.css("section.panel").text)
        self.assertEqual(self.browser.all("tbody tr"), [])
        self.check("queue-accepted")

        self.open("/staff/contacts")
        self.assertEqual(len(self.browser.all("tbody tr")), 2)
        self.check("contacts")
        self.open("/staff/search")
        self.check("search")
        p.fill(self.browser, wanted=p.WANG.phone)
        self.press()
        self.assertEqual(len(self.browser.all("tbody tr")), 1)
        self.assertNotIn(p.WANG.phone, self.browser.source)
        self.check("search-found")

        # persons in clear, by the fresh code
        self.open(f"/staff/requests/{request}/clear")
        self.check("clear")
        self.browser.run("document.querySelector('#reason').value = 'call'")
        p.fill(self.browser, code=officer.code())
        self.press()
        self.assertIn(p.WANG.phone, self.browser.css("main").text)
        self.check("clear-shown")

        self.open("/staff/account")
        self.check("account")
        self.open("/staff/account/password")
        self.press()
        self.check("password-422")
        self.open("/staff/account/totp")
        self.check("totp")
        self.press("header form button")
        self.assertIn("已退出", self.browser.css("section.panel").text)
        self.open("/staff/contacts")
        self.assertIn("/staff/login", self.browser.url)

    def test_review(self):
        officer = Account(self.portal)
        reject, approve = (self.moved(person, "13600136000")["id"] for person in (p.WANG, p.LI))
        self.log_in(officer)
        self.open("/staff/reviews")
        self.assertEqual(len(self.browser.all("tbody tr")), 2)
        self.check("reviews")
        self.open(f"/staff/reviews/{reject}")
        self.check("review")
        self.press("button[value=reject]")
        self.check("review-422")
        p.fill(self.browser, reason="号码与登记不符")
        self.press("button[value=reject]")
        self.assertIn("已拒绝新号码", self.browser.css("section.panel").text)
        self.open(f"/staff/requests/{reject}")
        self.assertIn("退回后怎么办", self.browser.css("main").text)
        self.check("request-returned")
        self.open(f"/staff/reviews/{approve}")
        self.press("button[value=approve]")
        self.assertIn("已同意新号码", self.browser.css("section.panel").text)
        self.assertEqual(self.portal.request(approve)["state"], "verifying")

    def test_auditor(self):
        auditor = Account(self.portal, "auditor", ("--national",))
        self.portal.file("gansu", p.WANG)
        self.log_in(auditor)
        self.check("queue-national")
        self.open("/staff/export")
        self.check("export")
        answer = self.browser.evaluate(
            "fetch('/staff/export', {method: 'POST', body: new URLSearchParams({from: '2026-03-01', to: '2026-03-02', "
            f"format: 'csv', reason: 'audit', code: '{auditor.code()}'}})}}).then(async answer => "
            "[answer.status, answer.headers.get('content-disposition'), await answer.text()])")
        self.assertEqual(answer[:2], [200, 'attachment; filename="filing-requests.csv"'], answer)
        self.assertIn('"王** 138****8000 待核验"', answer[2])
        self.open("/staff/log")
        self.assertIn("csv，1个请求", self.browser.css("tbody").text)
        self.check("log")

    def test_statistics(self):
        officer, auditor = Account(self.portal), Account(self.portal, "auditor", ("--national",))
        self.portal.file("gansu", p.WANG, p.LI)
        self.portal.file("hunan", p.LI)
        self.open("/gansu/sms-verification")
        p.verify(self.browser, self.portal, p.WANG)
        self.log_in(officer)

        def counted():
            self.open("/staff/statistics")
            funnel = self.browser.all(".block:has(> #funnel) tbody td")
            return [cell.text for cell in funnel[:2]] == ["1", "1"]

        # within two seconds
        wait(counted, "what was filed to be counted", 10)
        self.assertEqual(len(self.browser.all(".chart svg")), 4)
        self.assertEqual(self.browser.all("#provinces"), [])
        self.check("statistics")
        answer = self.browser.evaluate(
            "fetch('/staff/statistics/days.csv').then(async answer => [answer.status, answer.headers.get('content-type'), "
            "await answer.text()])")
        self.assertEqual(answer[:2], [200, "text/csv; charset=utf-8"])
        self.assertEqual(len(answer[2].splitlines()), 31)
        self.press("header form button")
        self.log_in(auditor)
        self.open("/staff/statistics")
        self.assertEqual(len(self.browser.all(".block:has(> #provinces) tbody tr")), 2)
        self.check("statistics-national")

    def test_administrator(self):
        admin, officer = Account(self.portal, "admin"), Account(self.portal)
        self.log_in(admin)
        self.check("accounts")
        self.browser.leave(next(link for link in self.browser.all("tbody a") if link.text == officer.name).click)
        self.check("person")
        self.follow("a.danger")
        self.check("remove")
        self.press("main form button")
        self.assertIn("账号已移除", self.browser.css("section.panel").text)
        self.assertNotIn(officer.name, self.browser.css("tbody").text)


class WithoutScript(Staff):
    javascript = False

    def test_accept(self):
        officer = Account(self.portal)
        self.portal.file("gansu", p.WANG)
        self.open("/gansu/sms-verification")
        p.verify(self.browser, self.portal, p.WANG)
        self.log_in(officer)
        self.follow("tbody a")
        self.press("form[action$=accept] button")
        self.assertIn("已受理", self.browser.css("section.panel").text)


class ByKeyboard(Staff):
    tab_to = test_main_job.Keyboard.tab_to

    def test_login_and_accept(self):
        officer = Account(self.portal)
        self.portal.file("gansu", p.WANG)
        self.open("/gansu/sms-verification")
        p.verify(self.browser, self.portal, p.WANG)
        code = officer.code(before=1)
        self.open("/staff")
        for field, value in (("user", officer.name), ("password", PASSWORD), ("code", code)):
            self.tab_to(f"#{field}")
            self.browser.press(*value)
        self.browser.leave(lambda: self.browser.press(ENTER), "the desk")
        self.tab_to("tbody a")
        self.browser.leave(lambda: self.browser.press(ENTER), "the request")
        self.tab_to("form[action$=accept] button")
        self.browser.leave(lambda: self.browser.press(ENTER), "the desk")
        self.assertIn("已受理", self.browser.css("section.panel").text)
