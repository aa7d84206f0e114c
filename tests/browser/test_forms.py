"""Forms beside the straight way: errors with focus, resend, short link, progress, the captcha's refresh and renewal."""

import portal as p
from case import Case
from webdriver import ENTER, wait


class Forms:
    """What holds with and without JavaScript."""

    def test_an_empty_form_names_every_field(self):
        self.open("/gansu/sms-verification")
        p.submit(self.browser)
        self.assertTrue(self.browser.title.startswith("错误："), self.browser.title)
        self.assert_focus_on(".error-panel")
        links = self.browser.all(".error-panel a")
        self.assertEqual([link.text for link in links],
                         ["短信验证码不能为空", "手机号不能为空", "证件号码后六位不能为空", "请完成图形验证"])
        p.by_image(self.browser)
        for link, field in zip(links, ("sms_code", "phone", "id_tail", "captcha_answer")):
            element = self.browser.css(f"#{field}")
            self.assertEqual(element.attribute("aria-invalid"), "true")
            described = element.attribute("aria-describedby").split()
            self.assertEqual(described, [f"{field}-hint", f"{field}-error"])
            self.assertEqual(self.browser.css(f"#{described[1]}").text, link.text)
            link.click()
            self.assert_focus_on(f"#{field}")

    def test_what_was_typed_stays_beside_an_error(self):
        self.open("/gansu/sms-verification")
        p.fill(self.browser, sms_code="12345", phone="138 0013 8000", id_tail="31002x", captcha_answer="xxxx")
        p.submit(self.browser)
        self.assertEqual([link.text for link in self.browser.all(".error-panel a")], ["短信验证码为6位数字"])
        for field, value in (("sms_code", "12345"), ("phone", "138 0013 8000"), ("id_tail", "31002x")):
            self.assertEqual(self.browser.css(f"#{field}").value, value)

    def test_a_wrong_captcha_is_an_error_of_its_field(self):
        self.open("/gansu/sms-verification")
        p.fill(self.browser, sms_code="123456", phone=p.WANG.phone, id_tail=p.WANG.tail, captcha_answer="0000")
        p.submit(self.browser)
        self.assertEqual([link.text for link in self.browser.all(".error-panel a")], ["图形验证错误，请重新验证"])
        self.assertEqual(self.browser.css("#captcha_answer").value, "")
        self.assertEqual(self.browser.css("#sms_code").value, "123456")

    def test_full_width_digits_a_doubled_code_and_a_lower_case_x(self):
        self.portal.file("gansu", p.WANG)
        code = self.portal.sms(p.WANG)["code"]
        wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
        self.open("/gansu/sms-verification")
        p.fill(self.browser, sms_code=wide + code, phone="+86 138-0013-8000", id_tail=p.WANG.tail.lower())
        p.answer_captcha(self.browser, self.portal)
        p.submit(self.browser)
        self.assertEqual(p.outcome(self.browser), "verified_all")

    def test_wrong_then_returned(self):
        self.portal.file("gansu", p.WANG)
        code = self.portal.sms(p.WANG)["code"]
        wrong = f"{(int(code) + 1) % 1_000_000:06d}"
        self.open("/gansu/sms-verification")
        for left in (4, 3, 2, 1):
            self.assertEqual(p.verify(self.browser, self.portal, p.WANG, code=wrong), "wrong")
            self.assertIn(f"还可以再试{left}次", self.browser.css("[data-outcome]").text)
            self.assertEqual(self.browser.css("#sms_code").value, "")
            self.assertEqual(self.browser.css("#phone").value, p.WANG.phone)
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG, code=wrong), "ask_provider")

    def test_resend_fills_in_the_phone_for_the_next_step(self):
        self.portal.file("gansu", p.WANG)
        first = self.portal.sms(p.WANG)
        self.open("/gansu/sms-verification")
        tabs = self.browser.all(".tabs a")
        self.assertEqual([tab.attribute("aria-current") for tab in tabs], ["page", None])
        self.browser.leave(tabs[1].click, "the tab 短信重发")
        self.assertEqual(p.resend(self.browser, self.portal, p.WANG), "resent")
        self.assertEqual(self.browser.css("#phone").value, p.WANG.phone)
        self.assertNotIn(p.WANG.phone, self.browser.url)
        wait(lambda: self.portal.sms(p.WANG)["code"] != first["code"], "the new code")
        # the older code stays good
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG, code=first["code"]), "verified_all")

    def test_a_short_link(self):
        request = self.portal.file("gansu", p.WANG, p.LI)
        link = self.portal.sms(p.WANG)["link"]
        self.assertTrue(link.startswith(self.portal.url + "/v/"), link)
        for _ in range(2):
            self.browser.open(link)
            self.assertEqual(self.browser.url, link)
        self.assertIn("138****8000", self.browser.css("main").text)
        self.assertNotIn(p.WANG.phone, self.browser.source)
        self.assertEqual(self.portal.request(request["id"])["state"], "verifying")
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG), "verified_waiting")

    def test_progress(self):
        request = self.portal.file("gansu", p.WANG, p.LI, reference="ORDER-77")
        self.open("/gansu/progress")
        self.assertEqual(p.progress(self.browser, self.portal, "ORDER-77", p.WANG), "found")
        panel = self.browser.css("[data-outcome]").text
        self.assertIn("第2步，共3步：短信核验", panel)
        self.assertIn("王**", panel)
        self.assertIn("138****8000", panel)
        self.assertIn("待核验", panel)
        self.open("/progress")
        self.assertEqual(p.progress(self.browser, self.portal, request["id"], p.LI), "found")
        self.open("/progress")
        self.assertEqual(p.progress(self.browser, self.portal, request["id"], p.ZHAO), "not_found")

    def test_enter_in_any_field_means_submit(self):
        for field in ("sms_code", "phone", "id_tail", "captcha_answer"):
            with self.subTest(field=field):
                self.open("/gansu/sms-verification")
                p.by_image(self.browser)
                self.browser.css(f"#{field}").type("1")
                self.browser.leave(lambda: self.browser.press(ENTER), "the answer to the form")
                self.assert_focus_on(".error-panel")

    def test_another_picture_keeps_what_was_typed(self):
        self.open("/gansu/sms-verification")
        p.by_image(self.browser)
        p.fill(self.browser, sms_code="123456", phone="13800138000", id_tail="31002X")
        before = self.browser.css("input[name=captcha_id]").value
        picture = self.browser.css(".captcha img").attribute("src")
        self.browser.css("button[name=refresh]").click()
        wait(lambda: self.browser.css("input[name=captcha_id]").value != before, "another captcha")
        self.assertNotEqual(self.browser.css(".captcha img").attribute("src"), picture)
        wait(lambda: self.browser.run("return document.querySelector('.captcha img').naturalWidth") > 0, "the picture")
        for field, value in (("sms_code", "123456"), ("phone", "13800138000"), ("id_tail", "31002X")):
            self.assertEqual(self.browser.css(f"#{field}").value, value)
        wait(lambda: self.browser.active.matches("#captcha_answer"), "the focus in the captcha's field")
        self.assertEqual(self.browser.all(".error-panel"), [], "asking for another picture is no error")

    def test_fields_take_what_a_phone_fills_in(self):
        self.open("/gansu/sms-verification")
        wanted = {
            "sms_code": {"type": "text", "inputmode": "numeric", "autocomplete": "one-time-code"},
            "phone": {"inputmode": "tel", "autocomplete": "tel-national"},
            "id_tail": {"type": "text", "inputmode": None, "autocomplete": "off", "autocapitalize": "characters"},
        }
        for field, attributes in wanted.items():
            element = self.browser.css(f"#{field}")
            for name, value in attributes.items():
                self.assertEqual(element.attribute(name), value, f"{field} {name}")
            for name in ("maxlength", "pattern", "required", "placeholder"):
                self.assertIsNone(element.attribute(name), f"{field} {name}")
        self.assertIsNotNone(self.browser.css("main form").attribute("novalidate"))

    def test_the_desk_files_and_shows_the_inbox(self):
        self.open("/sandbox")
        self.browser.leave(self.browser.css("form[action='/sandbox/scenarios'] button").click, "the filed request")
        self.assert_focus_on(".panel")
        self.assertTrue(self.browser.all("article.filed"))

        def message():
            self.open("/sandbox")
            return self.browser.all(".inbox .code")

        self.assertRegex(wait(message, "a message in the inbox")[0].text, r"^\d{6}$")
        before = self.browser.css(".clock").text
        self.browser.leave(self.browser.css("button[value=PT1H]").click, "the clock moved")
        self.assertNotEqual(self.browser.css(".clock").text, before)
        self.browser.css("details summary").click()
        self.browser.leave(self.browser.css("form[action='/sandbox/reset'] button").click, "the reset")
        self.assertEqual(self.browser.all("article.filed"), [])


class WithScript(Forms, Case):
    def test_a_captcha_about_to_expire_renews_itself(self):
        # the page's timers a thousand times as fast: its 19 minutes take a second
        fast = "const real = setTimeout; window.setTimeout = (f, ms, ...rest) => real(f, ms / 1000, ...rest);"
        hook = self.browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=fast)
        try:
            self.open("/gansu/sms-verification")
        finally:
            self.browser.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=hook["identifier"])
        p.by_image(self.browser)
        before = self.browser.css("input[name=captcha_id]").value
        p.fill(self.browser, sms_code="123456", phone="13800138000")
        wait(lambda: self.browser.css("input[name=captcha_id]").value != before, "a fresh captcha")
        self.assertEqual(self.browser.css("#sms_code").value, "123456")
        self.assertEqual(self.browser.css("#phone").value, "13800138000")
        self.assertIn("已换一张验证图片", wait(lambda: self.browser.css(".captcha [role=status]").text, "the words"))

    def test_the_sound_plays_and_the_picture_is_legible_twice_as_large(self):
        self.open("/gansu/sms-verification")
        p.by_image(self.browser)
        size = self.browser.evaluate(
            "(async () => { const reply = await fetch(document.querySelector('.by-image a').href);"
            " return [reply.status, reply.headers.get('content-type'), (await reply.arrayBuffer()).byteLength] })()")
        self.assertEqual(size[:2], [200, "audio/wav"])
        self.assertGreater(size[2], 10_000)
        real, shown = self.browser.run(
            "const i = document.querySelector('.captcha img'); return [i.naturalWidth, i.getBoundingClientRect().width]")
        self.assertGreaterEqual(real, shown)

    def test_a_page_view_is_small_and_asks_nobody_else(self):
        self.open("/gansu/sms-verification")
        loads = self.browser.run(
            "return performance.getEntries().filter(e => 'transferSize' in e).map(e => [e.name, e.transferSize])")
        for address, _ in loads:
            self.assertTrue(address.startswith(self.portal.url), address)
        self.assertLess(sum(size for _, size in loads), 30_000, loads)


class WithoutScript(Forms, Case):
    javascript = False

    def test_scripts_really_do_not_run(self):
        self.browser.open("data:text/html,<title>before</title><script>document.title='after'</script>")
        self.assertEqual(self.browser.title, "before")
