"""Every page in every state: axe finds nothing, nothing sticks out, targets and text are large enough, the focus and the
borders show; a screenshot of each to look at."""

import portal as p
from case import SMALL_TARGETS, SMALL_TEXT, SPACED, Case

# What would make it pass for a live government site
NEVER = ("国徽", "党政机关", "政府网站找错", "网站标识码", "SiteIDCode", "公安备案", "公网安备")


class EveryPage(Case):
    """One test a group of pages; `check` does the same to each state."""

    def check(self, name):
        """The page as it stands, in all its sizes and colours."""
        with self.subTest(page=name):
            self.assertIn("（演示）", self.browser.title)
            self.assertEqual(len(self.browser.all("h1")), 1)
            self.assertIn("演示环境 · 非政府网站", self.browser.css(".ribbon").text)
            self.assertIsNotNone(self.browser.css("meta[name=robots][content*=noindex]"))
            self.assertEqual(self.browser.css("footer a").text, "常见问题")
            for never in NEVER:
                self.assertNotIn(never, self.browser.source)
            for width in (1280, 375, 320):
                self.browser.size(width)
                self.assert_fits()
                self.assertEqual(self.browser.run(SMALL_TARGETS), [], f"targets at {width}")
                self.assertEqual(self.browser.run(SMALL_TEXT), [], f"text at {width}")
                self.assert_accessible()
                if width != 320:
                    self.shot(f"{name}-{width}")
            self.browser.size(375)
            self.browser.media(prefers_color_scheme="dark")
            self.assert_accessible()
            self.shot(f"{name}-375-dark")
            self.browser.media()
            self.browser.run(SPACED)
            self.assert_fits()
            self.browser.run("document.adoptedStyleSheets = []")
            self.browser.size(1280)
            self.assertEqual(self.browser.complaints(), [])

    def visit(self, name, path):
        self.open(path)
        self.check(name)

    def verified(self, name, person, **given):
        self.open("/gansu/sms-verification")
        result = p.verify(self.browser, self.portal, person, **given)
        self.check(name)
        return result

    def test_homes_help_privacy(self):
        self.visit("home", "/")
        self.visit("home-gansu", "/gansu")
        self.visit("help", "/help")
        self.visit("help-zhejiang", "/zhejiang/help")
        self.visit("privacy", "/privacy")
        self.visit("api-docs", "/api/docs")

    def test_before_the_roll_out(self):
        self.portal.reset("2018-09-10T09:00:00+08:00")
        self.visit("2018-home-beijing", "/beijing")
        self.visit("2018-not-covered", "/beijing/sms-verification")
        self.visit("2018-choose-bureau", "/sms-verification")
        self.visit("2018-help-gansu", "/gansu/help")
        self.portal.file("zhejiang", p.WANG)
        self.open("/zhejiang/sms-verification")
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG), "verified_all")
        self.check("2018-verified-all")

    def test_verification(self):
        self.portal.file("gansu", p.WANG, p.LI)
        wrong = f"{(int(self.portal.sms(p.WANG)['code']) + 1) % 1_000_000:06d}"
        self.visit("verification-national", "/sms-verification")
        self.visit("verification", "/gansu/sms-verification")
        p.submit(self.browser)
        self.check("verification-422")
        self.assertEqual(self.verified("not-found", p.ZHAO, code="123456"), "not_found")
        self.assertEqual(self.verified("wrong", p.WANG, code=wrong), "wrong")
        self.assertEqual(self.verified("verified-waiting", p.WANG), "verified_waiting")
        self.assertEqual(self.verified("already-verified", p.WANG), "already_verified")
        self.assertEqual(self.verified("verified-all", p.LI), "verified_all")
        self.portal.file("gansu", p.ZHAO)
        wrong = f"{(int(self.portal.sms(p.ZHAO)['code']) + 1) % 1_000_000:06d}"
        self.open("/gansu/sms-verification")
        for _ in range(5):
            last = p.verify(self.browser, self.portal, p.ZHAO, code=wrong)
        self.assertEqual(last, "ask_provider")
        self.check("ask-provider")

    def test_resend(self):
        self.portal.file("gansu", p.WANG)
        self.portal.sms(p.WANG)
        self.visit("resend", "/gansu/sms-resend")
        self.assertEqual(p.resend(self.browser, self.portal, p.WANG), "resent")
        self.check("resent")
        for last in ("resent", "resend_limit"):
            self.open("/gansu/sms-resend")
            self.assertEqual(p.resend(self.browser, self.portal, p.WANG), last)
        self.check("resend-limit")
        self.open("/gansu/sms-resend")
        self.assertEqual(p.resend(self.browser, self.portal, p.ZHAO), "nothing_pending")
        self.check("nothing-pending")

    def test_short_link(self):
        self.portal.file("gansu", p.WANG, p.LI)
        link = self.portal.sms(p.WANG)["link"]
        self.browser.open(link)
        self.check("link")
        p.submit(self.browser)
        self.check("link-422")
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG), "verified_waiting")
        self.check("link-verified-waiting")
        self.browser.open(link)
        self.check("link-ended")
        self.portal.advance("PT24H")
        self.browser.open(link)
        self.check("link-returned")

    def test_progress(self):
        request = self.portal.file("gansu", p.WANG, p.LI)["id"]
        self.portal.sms(p.LI)
        self.visit("progress", "/gansu/progress")
        p.submit(self.browser)
        self.check("progress-422")
        for name in ("verifying", "returned"):
            self.open("/gansu/progress")
            self.assertEqual(p.progress(self.browser, self.portal, request, p.WANG), "found")
            self.check(f"progress-{name}")
            self.portal.advance("PT24H")
        self.open("/gansu/progress")
        self.assertEqual(p.progress(self.browser, self.portal, "ORDER-NONE", p.WANG), "not_found")
        self.check("progress-not-found")

    def test_errors(self):
        self.visit("error-404", "/atlantis")
        self.visit("error-link", "/v/AAAAAAAAAA")
        # Chromium takes the name for this machine; the portal does not know it and refuses it the style sheet as well
        self.browser.open(self.portal.url.replace("127.0.0.1", "other.example") + "/gansu")
        self.assertEqual(self.browser.css("h1").text, "网址不正确")
        self.assert_accessible()
        self.assertEqual(self.browser.all("a"), [], "links lead to the same host")
        self.shot("error-421")
        self.browser.complaints()
        post = """
            const form = document.body.appendChild(document.createElement('form'));
            Object.assign(form, {method: 'post', action: arguments[0]});
            const field = form.appendChild(document.createElement('textarea'));
            Object.assign(field, {name: 'phone', value: 'x'.repeat(arguments[1])});
            form.submit()"""
        for name, path, size in (("405", "/gansu", 1), ("413", "/gansu/sms-verification", 2_000_000)):
            self.open("/")
            self.browser.leave(lambda: self.browser.run(post, self.portal.url + path, size), name)
            self.check(f"error-{name}")
        self.browser.open("data:text/html,<title>elsewhere</title><body>")
        self.browser.leave(lambda: self.browser.run(post, self.portal.url + "/gansu/sms-verification", 1), "403")
        self.check("error-403")

    def test_too_often(self):
        self.open("/gansu/sms-verification")
        for _ in range(60):
            p.guess(self.portal, "/gansu/sms-verification", p.WANG)
        p.fill(self.browser, sms_code="123456", phone=p.WANG.phone, id_tail=p.WANG.tail)
        p.answer_captcha(self.browser, self.portal)
        p.submit(self.browser)
        self.assertIn("操作过于频繁，请在", self.browser.css("[role=alert]").text)
        self.assertEqual(self.browser.css("#phone").value, p.WANG.phone)
        self.check("too-often")

    def test_desk(self):
        self.visit("desk-empty", "/sandbox")
        self.browser.leave(self.browser.css("form[action='/sandbox/scenarios'] button").click, "the filed request")
        self.portal.file("gansu", p.WANG)
        self.portal.sms(p.WANG)
        self.visit("desk", "/sandbox")

    def test_the_checks_find_what_is_planted(self):
        self.open("/")
        self.browser.size(320)
        self.browser.run("""
            const main = document.querySelector('main');
            const plant = (name, styles) => { const element = main.appendChild(document.createElement(name));
                Object.assign(element.style, styles); return element };
            plant('p', {fontSize: '11px', width: '600px'}).textContent = 'small and wide';
            plant('button', {height: '20px', minHeight: '0', padding: '0'}).textContent = 'low';
            plant('img', {}).src = '/favicon.ico'""")
        with self.assertRaisesRegex(AssertionError, "the page is"):
            self.assert_fits()
        with self.assertRaisesRegex(AssertionError, "image-alt"):
            self.assert_accessible()
        self.assertEqual(len(self.browser.run(SMALL_TARGETS)), 1)
        self.assertEqual(self.browser.run(SMALL_TEXT), ["small and wide"])

    def test_borders_and_focus_contrast(self):
        # axe judges text; borders of controls and the focus ring are ours to compute (WCAG 1.4.11, 2.4.13)
        script = """
            const rgb = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
            const light = (text) => { const [r, g, b] = rgb(text).map(v => v / 255)
                .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b };
            const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
                return (x + 0.05) / (y + 0.05) };
            const field = document.querySelector('#sms_code'), style = getComputedStyle(field);
            const border = style.borderTopColor;
            const card = getComputedStyle(document.querySelector('.card')).backgroundColor;
            const button = getComputedStyle(document.querySelector('button.primary'));
            field.focus();
            const ring = getComputedStyle(field);
            const shadow = ring.boxShadow.match(/rgba?\\([^)]*\\)/)[0];
            return {border: ratio(border, card), button: ratio(button.color, button.backgroundColor),
                    edge: ratio(button.backgroundColor, card), ring: ratio(ring.outlineColor, shadow)}"""
        for scheme in ("light", "dark"):
            self.browser.media(prefers_color_scheme=scheme)
            self.open("/gansu/sms-verification")
            ratios = self.browser.run(script)
            self.assertGreaterEqual(ratios["border"], 3, scheme)
            self.assertGreaterEqual(ratios["button"], 4.5, scheme)
            self.assertGreaterEqual(ratios["edge"], 3, scheme)
            self.assertGreaterEqual(ratios["ring"], 9, scheme)

    def test_forced_colours_and_print(self):
        self.portal.file("gansu", p.WANG)
        self.browser.media(forced_colors="active")
        self.open("/gansu/sms-verification")
        p.submit(self.browser)
        self.shot("forced-colours-422-1280")
        tab = self.browser.css(".tabs [aria-current]")
        self.assertNotEqual(tab.style("border-bottom-style"), "none")
        self.browser.media()
        p.verify(self.browser, self.portal, p.WANG)
        self.browser.media("print")
        self.shot("print-verified-all")
        shown = "return [...document.querySelectorAll(arguments[0])].filter(e => e.getClientRects().length).length"
        self.assertEqual(self.browser.run(shown, "nav, button"), 0)
        self.assertEqual(self.browser.run(shown, ".ribbon, [data-outcome]"), 2)

    def test_picture_for_the_readme(self):
        self.browser.size(1280, 860)
        self.open("/gansu/sms-verification")
        self.shot("readme")
