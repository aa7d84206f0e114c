"""The puzzle, as people pass it: by mouse, by thumb, by taps alone, by keys, by the sound instead; and what goes wrong."""

import portal as p
from case import SMALL_TARGETS, SMALL_TEXT, Case
from webdriver import ENTER, TAB, wait

PAGE_UP, PAGE_DOWN, RIGHT, LEFT = "\ue00e", "\ue00f", "\ue014", "\ue012"


class Puzzles(Case):
    """Opens, solves and sends; a session begins with the puzzle, whatever was chosen before."""

    width = 1280

    def setUp(self):
        super().setUp()
        self.browser.size(self.width)
        self.portal.file("gansu", p.WANG)
        self.open("/gansu/sms-verification")
        self.browser.run("sessionStorage.clear()")
        self.open("/gansu/sms-verification")
        p.fill(self.browser, sms_code=self.portal.sms(p.WANG)["code"], phone=p.WANG.phone, id_tail=p.WANG.tail)

    def begin(self):
        self.browser.css(".open").click()
        self.opened()

    def opened(self):
        wait(lambda: self.browser.css(".play").displayed and self.browser.active.matches(".thumb"), "the puzzle")
        self.browser.run("arguments[0].scrollIntoView({block: 'center'})", self.browser.css(".play"))

    def place(self):
        """Where the piece belongs, in pixels of the picture along the line, and the line's length."""
        answer = int(self.portal.captcha(self.browser.css(".scene").attribute("data-id")))
        return answer, int(self.browser.css(".thumb").attribute("aria-valuemax"))

    def on_track(self, position, length):
        left, top, width, height = self.browser.css(".track").box
        return left + 24 + position / length * (width - 48), top + height / 2

    def drag(self, kind):
        """As a hand does it: slowly away, fast, slowly on, a little too far and back."""
        answer, length = self.place()
        left, top, width, height = self.browser.css(".thumb").box
        x, y = left + width / 2, top + height / 2
        to, _ = self.on_track(answer, length)
        parts = (0.02, 0.1, 0.3, 0.62, 0.85, 0.96, 1.01, 1.0)
        way = [(x + (to - x) * part, y + at % 3, 45) for at, part in enumerate(parts)]
        # whole pixels of the track are some of the picture's: the last steps are the keys'
        self.browser.pointer([(x, y, 0), *way], kind)
        self.touch_up(answer)

    def touch_up(self, answer):
        for _ in range(40):
            off = answer - int(self.browser.css(".thumb").attribute("aria-valuenow"))
            if abs(off) <= 6:
                return
            self.browser.press(RIGHT if off > 0 else LEFT)
        self.fail(f"the piece is {off} pixels off")

    def finish(self):
        self.browser.css(".done").click()
        self.solved()

    def solved(self):
        wait(lambda: self.browser.css(".solved").displayed, "that the puzzle is solved")
        self.assert_focus_on("form button.primary")
        self.assertEqual(self.browser.css("input[name=captcha_id]").value[0], "s")

    def send(self):
        p.submit(self.browser)
        self.assertEqual(p.outcome(self.browser), "verified_all")


class ByMouse(Puzzles):
    def test_drawn_with_the_mouse(self):
        self.begin()
        self.drag("mouse")
        self.finish()
        self.send()

    def test_a_wrong_place_brings_another_puzzle_and_the_image_is_still_there(self):
        self.begin()
        first = self.browser.css(".scene").attribute("data-id")
        answer, length = self.place()
        wrong = answer - 160 if answer > length / 2 else answer + 160
        self.browser.pointer([(*self.on_track(wrong, length), 600)])
        self.browser.css(".done").click()
        wait(lambda: self.browser.css(".scene").attribute("data-id") != first, "another puzzle")
        said = self.browser.css(".puzzle [role=status]")
        wait(lambda: "位置不对" in said.text, "the words")
        self.assertTrue(said.matches(".bad"))
        self.shot("puzzle-wrong")
        self.assertNotEqual(self.browser.css("input[name=captcha_id]").value[0], "s")
        self.assertEqual(self.browser.css("#phone").value, p.WANG.phone)
        p.answer_captcha(self.browser, self.portal)
        self.send()

    def test_a_picture_that_did_not_come_is_asked_for_again(self):
        self.browser.css(".to-image").click()
        self.browser.run("document.querySelector('.captcha img').src = '/captcha/none.png'")
        asked = "return performance.getEntriesByType('resource').filter(({name}) => name.endsWith('/captcha/none.png')).length"
        wait(lambda: self.browser.run(asked) >= 2, "another try")
        self.browser.css("button[name=refresh]").click()
        wait(lambda: self.browser.run("return document.querySelector('.captcha img').naturalWidth") > 0, "another picture")

    def test_a_piece_never_moved_uses_no_puzzle_up(self):
        self.begin()
        first = self.browser.css(".scene").attribute("data-id")
        self.browser.css(".done").click()
        wait(lambda: "请先移动" in self.browser.css(".puzzle [role=status]").text, "the words")
        self.assertEqual(self.browser.css(".scene").attribute("data-id"), first)

    def test_the_way_chosen_is_remembered(self):
        self.browser.css(".to-image").click()
        self.assert_focus_on("#captcha_answer")
        self.open("/gansu/sms-resend")
        self.assertFalse(self.browser.css(".puzzle").displayed)
        self.browser.css(".to-puzzle").click()
        self.assert_focus_on("#puzzle-open")
        self.assertEqual(self.browser.css("#puzzle-open").text, "点击完成拼图验证")

    def test_open_it_is_accessible_and_fits(self):
        for width in (320, 375, 1280):
            for scheme in ("light", "dark"):
                self.browser.size(width)
                self.browser.media(prefers_color_scheme=scheme)
                self.open("/gansu/sms-verification")
                self.shot(f"puzzle-closed-{width}-{scheme}")
                self.begin()
                self.assert_accessible()
                self.assert_fits()
                self.assertEqual(self.browser.run(SMALL_TARGETS), [])
                self.assertEqual(self.browser.run(SMALL_TEXT), [])
                self.shot(f"puzzle-open-{width}-{scheme}")
        self.assertEqual(self.browser.complaints(), [])
        self.browser.size(1280)
        self.browser.media()
        answer, length = self.place()
        self.browser.pointer([(*self.on_track(answer, length), 600)])
        self.touch_up(answer)
        self.finish()
        self.assert_accessible()
        self.shot("puzzle-solved")


class ByThumb(Puzzles):
    width = 375

    def test_drawn_with_a_thumb(self):
        self.begin()
        self.drag("touch")
        self.finish()
        self.send()

    def test_by_taps_on_the_picture_alone(self):
        self.begin()
        answer, _ = self.place()
        left, top, width, height = self.browser.css(".picture").box
        rows = round(height / width * 320 / 76)
        row, rest = divmod(answer, 256 + 76)
        across = rest if row % 2 == 0 else 256 - rest
        self.browser.pointer([(left + (across + 32) / 320 * width, top + (row + 0.5) / rows * height, 600)], "touch")
        self.finish()
        self.send()


class ByKeys(Puzzles):
    def test_by_keys_alone(self):
        self.browser.css("#id_tail").click()
        self.browser.press(TAB)
        self.assert_focus_on("#puzzle-open")
        self.browser.press(ENTER)
        self.opened()
        # what a hurried program would not do: look
        shown = self.browser.run("return performance.now()")
        wait(lambda: self.browser.run("return performance.now()") > shown + 400, "a glance")
        answer, _ = self.place()
        before = self.browser.css(".thumb").attribute("aria-valuetext")
        self.assertEqual(before, "第1排第1格")
        at = lambda: int(self.browser.css(".thumb").attribute("aria-valuenow"))
        for _ in range(14):
            if at() >= answer - 8:
                break
            self.browser.press(PAGE_UP)
        self.touch_up(answer)
        self.assertRegex(self.browser.css(".thumb").attribute("aria-valuetext"), "^第[1-3]排第[1-5]格$")
        self.browser.press(ENTER)
        self.solved()
        self.browser.leave(lambda: self.browser.press(ENTER), "the answer to the form")
        self.assertEqual(p.outcome(self.browser), "verified_all")

    def test_by_the_sound_without_a_mouse(self):
        self.browser.css("#id_tail").click()
        for stop in ("#puzzle-open", ".to-image", ".to-sound"):
            self.browser.press(TAB)
            self.assert_focus_on(stop)
        self.browser.press(ENTER)
        self.assert_focus_on("#captcha_answer")
        self.browser.press(*self.portal.captcha(self.browser.css("input[name=captcha_id]").value))
        self.browser.leave(lambda: self.browser.press(ENTER), "the answer to the form")
        self.assertEqual(p.outcome(self.browser), "verified_all")


class WithoutScript(Case):
    javascript = False

    def test_there_is_the_image_and_no_puzzle(self):
        self.portal.file("gansu", p.WANG)
        self.open("/gansu/sms-verification")
        self.assertEqual(self.browser.all(".puzzle"), [])
        self.assertTrue(self.browser.css(".captcha img").displayed)
        self.assertEqual(p.verify(self.browser, self.portal, p.WANG), "verified_all")
