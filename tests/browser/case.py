"""What every browser test has: the portal reset to a fixed day, a browser, and the checks that hold for any page."""

import json
import unittest
from pathlib import Path

from webdriver import Browser, wait

driver = None
portal = None
screenshots = None

AXE = (Path(__file__).parent / "vendor" / "axe-4.14.1.min.js").read_text()
AXE_RUN = """axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    rules: {'target-size': {enabled: true}}, resultTypes: ['violations']
}).then(found => JSON.stringify(found.violations.map(one =>
    `${one.id}: ${one.help}: ` + one.nodes.map(node => `${node.target} ${node.any.map(any => any.message)}`).join('; '))))"""

# Links and buttons a thumb must hit, those inside a sentence aside: [what, width, height]
SMALL_TARGETS = """
    const inline = (element) => {
        const parent = element.parentElement;
        return element.matches('a') && getComputedStyle(element).display === 'inline'
            && [...parent.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    };
    return [...document.querySelectorAll('a, button, summary, select, input:not([type=hidden])')]
        .filter(element => element.getClientRects().length && !element.matches('.skip, [aria-hidden=true]') && !inline(element))
        .map(element => [element.outerHTML.slice(0, 90), element.getBoundingClientRect()])
        .filter(([_, box]) => box.height < 43.5 || box.width < 24)
        .map(([what, box]) => `${what} ${box.width}×${box.height}`)"""

SMALL_TEXT = """
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const small = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !parent.getClientRects().length || parent.closest('svg')) continue;
        if (parseFloat(getComputedStyle(parent).fontSize) < 16) small.push(walker.currentNode.textContent.trim());
    }
    return small"""

# What sticks out to the right: [what, by how many pixels]
OVERFLOW = """
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    return [...document.body.querySelectorAll('*')]
        .filter(element => element.getBoundingClientRect().right > width + 0.5)
        .map(element => `${element.outerHTML.slice(0, 90)} by ${element.getBoundingClientRect().right - width}`)
        .concat(`the page is ${document.documentElement.scrollWidth} wide`)"""

# WCAG 1.4.12 and 200 % text, by the object model: the policy allows no inline style
SPACED = """
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`html { font-size: 200% !important }
        * { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important }
        p { margin-bottom: 2em !important }`);
    document.adoptedStyleSheets = [sheet];"""


class Case(unittest.TestCase):
    """A test with a browser of its own class; `javascript = False` switches scripts off."""

    javascript = True
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.browser = Browser(driver, cls.javascript)

    @classmethod
    def tearDownClass(cls):
        cls.browser.quit()

    def setUp(self):
        self.portal = portal
        self.portal.reset()
        self.browser.size(1280)
        self.browser.media()
        # what the console still says of the test before
        self.browser.complaints()

    def open(self, path):
        self.browser.open(self.portal.url + path)

    def shot(self, name):
        self.browser.screenshot(screenshots / f"{name}.png")

    def assert_focus_on(self, selector):
        # `autofocus` is done with a page's first frame, a little after it has loaded
        wait(lambda: self.browser.active.matches(selector), f"the focus on {selector}", 5)

    def assert_accessible(self):
        self.browser.evaluate(f"typeof axe === 'undefined' && (() => {{ {AXE} }})()")
        self.assertEqual(json.loads(self.browser.evaluate(AXE_RUN)), [])

    def assert_fits(self):
        self.assertEqual(self.browser.run(OVERFLOW), [], "sticks out sideways")
