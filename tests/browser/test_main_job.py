"""The main job: home → 甘肃 → 备案短信核验 → the inbox → code, phone, tail, captcha → the right sentence; then the second
principal, and the request is handed over. Wide, narrow, by keyboard alone, without JavaScript."""

import portal as p
from case import Case
from webdriver import ENTER, TAB

WAITING = "尊敬的ICP用户：您的短信核验完成，请等待其他核验人进行短信核验。"
ALL = "尊敬的ICP用户：您的短信核验已全部完成，该请求将提交管局审核。"

# The focused element: visible ring, in the viewport, after the one before in the document
FOCUS = """
    const element = document.activeElement, box = element.getBoundingClientRect(), style = getComputedStyle(element);
    const before = window.heyanBefore;
    window.heyanBefore = element;
    return {
        what: element.outerHTML.slice(0, 90),
        ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        seen: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        order: !before || !before.isConnected || before === element
            || Boolean(before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING),
    }"""


class Walk:
    """The walk, whichever way a page is passed."""

    width = 1280

    def go(self, selector):
        """Follows the link or presses the button."""
        self.browser.leave(self.browser.css(selector).click, f"where {selector} leads")

    def enter(self, person):
        """Fills in and sends the form."""
        return p.verify(self.browser, self.portal, person)

    def test_main_job(self):
        self.browser.size(self.width)
        request = self.portal.file("gansu", p.WANG, p.LI)["id"]
        self.open("/")
        self.assertEqual(self.browser.css("h1").text, "ICP/IP地址/域名信息备案管理系统")
        self.go("a[href='/gansu']")
        self.assertIn("甘肃省通信管理局", self.browser.css("h1").text)
        self.go("main a[href='/gansu/sms-verification']")
        self.assertEqual(self.browser.title, "备案短信核验 - 甘肃省通信管理局（演示）")

        self.assertEqual(self.enter(p.WANG), "verified_waiting")
        panel = self.browser.css("[data-outcome]").text
        self.assertIn(WAITING, panel)
        self.assertIn("共2人需要核验，已完成1人", panel)
        self.assertTrue(self.browser.title.startswith("核验完成 - "), self.browser.title)
        self.assert_focus_on("[data-outcome]")
        self.assertEqual(self.portal.request(request)["state"], "verifying")

        self.go("main a.button[href='/gansu/sms-verification']")
        self.assertEqual(self.enter(p.LI), "verified_all")
        self.assertIn(ALL, self.browser.css("[data-outcome]").text)
        self.assert_focus_on("[data-outcome]")
        self.assertEqual(self.portal.request(request)["state"], "handed_over")


class Wide(Walk, Case):
    pass


class Narrow(Walk, Case):
    width = 375


class Keyboard(Walk, Case):
    """Tab, Enter and typing; every stop on the way has a visible focus and comes later in the document."""

    def tab_to(self, selector):
        stops = []
        for _ in range(120):
            self.browser.press(TAB)
            stop = self.browser.run(FOCUS)
            stops.append(stop["what"])
            self.assertTrue(stop["ring"], f"no visible focus: {stop['what']}")
            self.assertTrue(stop["seen"], f"focus out of sight: {stop['what']}")
            self.assertTrue(stop["order"], f"the focus went back: {stops}")
            if self.browser.active.matches(selector):
                return
        self.fail(f"Tab does not reach {selector}: {stops}")

    def go(self, selector):
        self.tab_to(selector)
        self.browser.leave(lambda: self.browser.press(ENTER), f"where {selector} leads")

    def enter(self, person):
        code = self.portal.sms(person)["code"]
        for field, value in (("sms_code", code), ("phone", person.phone), ("id_tail", person.tail)):
            self.tab_to(f"#{field}")
            self.browser.press(*value)
        self.answer()
        # Enter in a field means 提交, not 换一张
        self.browser.leave(lambda: self.browser.press(ENTER), "the answer to the form")
        return p.outcome(self.browser)

    def answer(self):
        """By the image, one click away from the puzzle; remembered for the next form."""
        if self.browser.css(".to-image").displayed:
            self.tab_to(".to-image")
            self.browser.press(ENTER)
            self.assert_focus_on("#captcha_answer")
        else:
            for stop in ("button[name=refresh]", ".by-image a", "#captcha_answer"):
                self.browser.press(TAB)
                self.assert_focus_on(stop)
        self.browser.press(*self.portal.captcha(self.browser.css("input[name=captcha_id]").value))

    def test_skip_link(self):
        self.open("/gansu/sms-verification")
        self.browser.press(TAB)
        self.assert_focus_on("a.skip")
        self.browser.press(ENTER)
        self.browser.press(TAB)
        self.assertTrue(self.browser.active.matches("main *"))


class KeyboardNarrow(Keyboard):
    width = 375


class WithoutScript(Walk, Case):
    javascript = False


class WithoutScriptNarrow(WithoutScript):
    width = 375
