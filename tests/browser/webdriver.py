"""A WebDriver client over HTTP, as much as these tests need; the standard library alone, so that nothing has to be
installed beside Chromium and its driver. No sleeps: `wait` polls a condition and says which one did not come true."""

import base64
import json
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
TAB, ENTER, SPACE, SHIFT = "\ue004", "\ue007", " ", "\ue008"
PATIENCE = 15.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class WebDriverError(Exception):
    """What the driver said; `kind` is the protocol's error code."""

    def __init__(self, kind, message):
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def wait(condition, what, patience=PATIENCE):
    """The first true value of `condition`. An element that has gone meanwhile counts as not yet."""
    end = time.monotonic() + patience
    while True:
        try:
            value = condition()
            if value:
                return value
        except WebDriverError as error:
            if error.kind not in ("stale element reference", "no such element"):
                raise
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience:.0f} s in vain for {what}")
        time.sleep(0.02)


class Driver:
    """The chromedriver process."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for line in self.process.stdout:
            if found := re.search(r"on port (\d+)", line):
                if "successfully" in line:
                    self.url = f"http://127.0.0.1:{found[1]}"
                    return
        raise RuntimeError("chromedriver did not start")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()


class Browser:
    """One Chromium window with a profile of its own."""

    def __init__(self, driver, javascript=True):
        self.javascript = javascript
        self.profile = tempfile.TemporaryDirectory(prefix="heyan-chromium-", ignore_cleanup_errors=True)
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
            "--disable-extensions", "--mute-audio", "--lang=zh-CN", "--hide-scrollbars", "--window-size=1280,1000",
            "--force-prefers-reduced-motion", "--host-resolver-rules=MAP other.example 127.0.0.1",
            f"--user-data-dir={self.profile.name}"]
        options = {"args": arguments}
        if not javascript:
            options["prefs"] = {"profile.managed_default_content_settings.javascript": 2}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self.session = driver.url + "/session"
        answer = self.call("POST", "", {"capabilities": {"alwaysMatch": wanted}})
        self.session += "/" + answer["sessionId"]
        # a headless window has no focus of its own, and its pages would draw none
        self.cdp("Emulation.setFocusEmulationEnabled", enabled=True)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.session + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with DIRECT.open(request, timeout=90) as reply:
                return json.load(reply)["value"]
        except urllib.error.HTTPError as error:
            value = json.load(error)["value"]
            raise WebDriverError(value["error"], value["message"].split("\n")[0]) from None

    def quit(self):
        try:
            self.call("DELETE", "")
        finally:
            self.profile.cleanup()

    def open(self, url):
        self.call("POST", "/url", {"url": url})
        self.painted()

    def painted(self):
        """Waits for the page's first frames: Chromium drops keys that come before them."""
        if self.javascript:
            self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))).then(() => 1)")

    def back(self):
        self.call("POST", "/back", {})

    @property
    def url(self):
        return self.call("GET", "/url")

    @property
    def title(self):
        return self.call("GET", "/title")

    @property
    def source(self):
        return self.call("GET", "/source")

    def css(self, selector):
        found = self.call("POST", "/element", {"using": "css selector", "value": selector})
        return Element(self, found[ELEMENT])

    def all(self, selector):
        found = self.call("POST", "/elements", {"using": "css selector", "value": selector})
        return [Element(self, one[ELEMENT]) for one in found]

    @property
    def active(self):
        return Element(self, self.call("GET", "/element/active")[ELEMENT])

    def run(self, script, *arguments):
        """Runs the body of a function in the page; elements may go in."""
        plain = [{ELEMENT: one.id} if isinstance(one, Element) else one for one in arguments]
        return self.call("POST", "/execute/sync", {"script": script, "args": plain})

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def evaluate(self, expression):
        """The value of an expression, promises awaited; not bound by the page's content security policy."""
        answer = self.cdp("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if problem := answer.get("exceptionDetails"):
            raise AssertionError(problem.get("exception", {}).get("description") or problem["text"])
        return answer["result"].get("value")

    def press(self, *keys):
        """Real key presses on whatever has the focus."""
        strokes = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": strokes}]})

    def pointer(self, points, kind="mouse"):
        """Presses at the first point of the viewport, moves through the others and lets go; a point is (x, y, ms)."""
        move = lambda x, y, ms: {"type": "pointerMove", "x": round(x), "y": round(y), "duration": ms, "origin": "viewport"}
        first, *others = points
        actions = [move(*first), {"type": "pointerDown", "button": 0}, *(move(*point) for point in others),
                   {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": kind, "parameters": {"pointerType": kind}, "actions": actions}
        self.call("POST", "/actions", {"actions": [pointer]})

    def leave(self, action, what="another page"):
        """Does what loads a page and waits until that page is there and whole."""
        before = self.css("html").id
        action()

        def arrived():
            return self.css("html").id != before and self.run("return document.readyState") == "complete"

        wait(arrived, what)
        self.painted()

    def size(self, width, height=900):
        """The page's viewport; narrower than a real window can be."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def media(self, media="", **features):
        """Emulated medium and preferences: `media(prefers_color_scheme="dark")`."""
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=listed)

    def screenshot(self, path):
        """The whole page, not the window alone."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console has said since the last call, failed loads of a page by its status aside, and what a logout cleared (it
        may be told on the page after)."""
        lines = [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]
        harmless = "the server responded with a status of", "Clear-Site-Data header on"
        return [line for line in lines if not any(words in line for words in harmless)]


class Element:
    """A node of the page."""

    def __init__(self, browser, identity):
        self.browser = browser
        self.id = identity

    def __eq__(self, other):
        return isinstance(other, Element) and self.id == other.id

    def __hash__(self):
        return hash(self.id)

    def call(self, method, path, body=None):
        return self.browser.call(method, f"/element/{self.id}{path}", body)

    def click(self):
        self.call("POST", "/click", {})

    def type(self, text):
        self.call("POST", "/clear", {})
        self.call("POST", "/value", {"text": text})

    @property
    def text(self):
        return self.call("GET", "/text")

    @property
    def displayed(self):
        return self.call("GET", "/displayed")

    @property
    def box(self):
        """Where it stands in the viewport: left, top, width, height."""
        return self.browser.run("const box = arguments[0].getBoundingClientRect(); return "
                                "[box.left, box.top, box.width, box.height]", self)

    @property
    def value(self):
        return self.call("GET", "/property/value")

    def attribute(self, name):
        return self.call("GET", f"/attribute/{name}")

    def style(self, name):
        return self.call("GET", f"/css/{name}")

    def matches(self, selector):
        return self.browser.run("return arguments[0].matches(arguments[1])", self, selector)
