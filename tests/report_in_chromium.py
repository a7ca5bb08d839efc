"""Looks at a report in Chromium, opened as files. Started by report_in_chromium.sh."""

import re
import sys
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM, ONE, TWO, SHOTS = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
# What a page may take until it can be used, in seconds.
USABLE = 1.0


class Checked:
    """A browser that notices what a hostile page would do."""

    def __init__(self, browser):
        self.browser = browser
        self.complaints = []

    def page(self, **context):
        page = self.browser.new_context(**context).new_page()
        page.on("dialog", lambda d: (self.complaints.append(f"dialog {d.message}"), d.dismiss()))
        page.on("pageerror", lambda e: self.complaints.append(f"error {e}"))
        page.on("console", lambda m: self.noted(m))
        page.on("request", lambda r: self.asked(r))
        return page

    def noted(self, message):
        if message.type in ("error", "warning"):
            self.complaints.append(f"console {message.text}")

    def asked(self, request):
        if not request.url.startswith("file:"):
            self.complaints.append(f"request {request.url}")


def open_page(page, path, state=""):
    page.goto("about:blank")
    page.goto(path.as_uri() + state)
    if page.locator("script[defer]").count():
        page.wait_for_function("document.documentElement.dataset.ready === 'yes'")


def shown(page):
    rows = page.locator("table.board tbody tr:not([hidden])")
    return rows.evaluate_all("rows => rows.map(row => row.dataset.id)")


def ranks(page):
    """Ranks of all rows, whether they are shown or not."""
    return page.evaluate(
        """() => { const place = [...document.querySelectorAll('table.board thead th')]
             .findIndex(head => head.dataset.key === 'rank');
             return Object.fromEntries([...document.querySelectorAll('table.board tbody tr')]
               .map(row => [row.dataset.id, row.cells[place].textContent])); }"""
    )


def column(page, key):
    return page.evaluate(
        """key => { const table = document.querySelector('table.board');
             const place = [...table.tHead.rows[0].cells].findIndex(h => h.dataset.key === key);
             return [...table.tBodies[0].rows].filter(row => !row.hidden)
               .map(row => row.cells[place].firstChild.textContent); }""",
        key,
    )


def numbers(words):
    found = [re.match(r"[+-]?[\d.]+", word) for word in words]
    return [float(match.group()) for match in found if match]


def sorting(page):
    open_page(page, ONE / "index.html", "#size=")
    before = ranks(page)
    button = page.get_by_role("button", name="js_distance", exact=True)
    head = page.locator("table.board thead th[data-key=score]")
    assert head.get_attribute("aria-sort") == "none"
    button.click()
    up = numbers(column(page, "score"))
    assert up == sorted(up) and len(up) > 10, up
    assert head.get_attribute("aria-sort") == "ascending"
    # With the keyboard alone.
    button.focus()
    page.keyboard.press("Enter")
    down = numbers(column(page, "score"))
    assert down == sorted(down, reverse=True) and head.get_attribute("aria-sort") == "descending"
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") == "none"
    assert ranks(page) == before


def filtering(page):
    open_page(page, ONE / "index.html")
    before, largest = ranks(page), shown(page)
    assert largest and all("/15/" in row for row in largest), largest
    page.locator("select[name=size]").select_option("8")
    assert all("/8/" in row for row in shown(page))
    page.locator("input[name=q]").fill("uni")
    assert [row.split("/")[1] for row in shown(page)] == ["uniform"]
    assert ranks(page) == before, "ranks are of the whole field"
    page.get_by_role("button", name="As at first").click()
    assert shown(page) == largest
    page.locator("select[name=role]").select_option("ORACLE, human ceiling")
    assert [row.split("/")[1] for row in shown(page)] == ["human-split"]
    assert page.locator("output").inner_text().startswith("1 of ")


def columns_and_permalinks(page):
    open_page(page, ONE / "index.html")
    head = page.locator("table.board thead th[data-key=skill]")
    assert head.is_visible()
    page.locator("summary", has_text="Columns").click()
    page.get_by_role("checkbox", name="skill", exact=True).uncheck()
    page.get_by_role("checkbox", name="w1_normalised", exact=True).check()
    page.locator("select[name=size]").select_option("")
    page.locator("input[name=q]").fill("a")
    page.get_by_role("button", name="pilot", exact=True).click()
    rows, address = shown(page), page.url
    assert not head.is_visible() and "columns=" in address, address
    open_page(page, ONE / "index.html", "#" + address.split("#")[1])
    assert shown(page) == rows and page.url == address
    assert not page.locator("table.board thead th[data-key=skill]").is_visible()
    assert page.locator("table.board thead th[data-key='s.w1_normalised']").is_visible()
    # The link of a row.
    open_page(page, ONE / "index.html", "#size=8")
    page.locator("a.permalink:visible").first.click()
    # The address changes first, the table after it.
    page.wait_for_selector("tr.chosen")
    chosen = page.locator("tr.chosen")
    assert chosen.count() == 1 and chosen.is_visible()
    # An address of nonsense is the page as at first.
    open_page(page, ONE / "index.html", "#sort=<script>&columns=.x,-&size=7&row='")
    assert page.locator("output").inner_text().startswith("0 of")


def answers(page):
    run = next(folder for folder in ONE.iterdir() if (folder / "leaderboard.json").exists())
    page_file = next((run / "tiny").glob("*-marginal.html"))
    open_page(page, page_file)
    assert "45 of 45 people" in page.locator("output").inner_text()
    cell = page.locator("select[name=cell]")
    cell.select_option(index=1)
    page.locator("select[name=only]").select_option("same")
    page.locator("select[name=item]").select_option(index=1)
    page.wait_for_function("!document.querySelector('output').textContent.startsWith('45 of 45')")
    people, address = page.locator("output").inner_text(), page.url
    open_page(page, page_file, "#" + address.split("#")[1])
    assert page.locator("output").inner_text() == people
    shot(page, "answers")


def without_scripts(checked):
    page = checked.page(java_script_enabled=False)
    page.goto((ONE / "index.html").as_uri())
    assert page.locator("table.board tbody tr").count() > 10
    assert not page.locator("form.controls").is_visible()
    run = next(folder for folder in ONE.iterdir() if (folder / "leaderboard.json").exists())
    page.goto(next((run / "tiny").glob("*-marginal.html")).as_uri())
    assert page.locator("table.answers tbody tr").count() == 45


def every_page(checked):
    """No page of a hostile experiment does anything, and none is wider than a phone."""
    page = checked.page(viewport={"width": 360, "height": 740}, has_touch=True)
    count = 0
    for site in (ONE, TWO):
        for path in sorted(site.rglob("*.html")):
            open_page(page, path)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 360, f"{path} is {width} wide"
            assert page.evaluate("document.documentElement.dataset.hurt") is None, path
            count += 1
    assert count > 20
    open_page(page, ONE / "index.html")
    shot(page, "phone")


def policy_holds(checked):
    """Even markup that slipped through would do nothing: no inline script, nothing from elsewhere."""
    page = checked.browser.new_page()
    refused = []
    page.on("console", lambda m: refused.append(m.text))
    open_page(page, ONE / "index.html")
    page.evaluate(
        """() => { const script = document.createElement('script');
             script.textContent = 'document.documentElement.dataset.hurt = 1';
             document.body.append(script);
             const image = document.createElement('img');
             image.src = 'http://localhost:1/x.png';
             document.body.append(image);
             document.body.setAttribute('style', 'display:none'); }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("document.documentElement.dataset.hurt") is None
    assert page.locator("h1").is_visible()
    assert sum("Content Security Policy" in text for text in refused) >= 3, refused


def contrast(page):
    """Text against its background, by the formula of WCAG 2."""
    return page.evaluate(
        """() => { const parse = c => c.match(/[\\d.]+/g).map(Number);
             const lum = c => { const [r, g, b] = parse(c).map(v => { v /= 255;
               return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
               return .2126 * r + .7152 * g + .0722 * b; };
             const back = node => { for (; node; node = node.parentElement) {
               const c = getComputedStyle(node).backgroundColor;
               if (!/, 0\\)$/.test(c) && c !== 'transparent') return c; } return 'rgb(255,255,255)'; };
             return Math.min(...[...document.querySelectorAll('p,td,th,small,a,caption,label,figcaption,.flag,h1,h2,dd')]
               .filter(node => node.offsetParent).map(node => {
                 const [a, b] = [lum(getComputedStyle(node).color), lum(back(node))].sort((x, y) => y - x);
                 return (a + .05) / (b + .05); })); }"""
    )


def light_and_dark(checked):
    for scheme in ("light", "dark"):
        page = checked.page(color_scheme=scheme)
        open_page(page, ONE / "index.html")
        back = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (back == "rgb(255, 255, 255)") == (scheme == "light"), back
        least = contrast(page)
        assert least >= 4.5, f"{scheme}: contrast {least:.2f}"
        shot(page, scheme)
        page.locator("figure").first.scroll_into_view_if_needed()
        shot(page, f"plot-{scheme}")


def names_can_be_read(page):
    """Plots have names and descriptions, tables heads with a scope, fields labels."""
    open_page(page, ONE / "index.html")
    assert page.locator("svg.plot").count() >= 1
    for svg in page.locator("svg.plot").all():
        for part in svg.get_attribute("aria-labelledby").split():
            assert svg.locator(f"#{part}").count() == 1
    assert page.locator("thead th:not([scope]), tbody th:not([scope])").count() == 0
    fields = page.locator("form.controls input, form.controls select")
    assert all(field.evaluate("field => field.labels.length") for field in fields.all())
    # Text of a plot can be selected.
    text = page.locator("svg.plot text.label").first
    text.evaluate("node => getSelection().selectAllChildren(node)")
    assert page.evaluate("getSelection().toString()") == text.text_content() != ""
    # The first stop of the keyboard leads past the head.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def time_to_usable(page):
    open_page(page, ONE / "index.html")
    began = time.monotonic()
    open_page(page, ONE / "index.html")
    took = time.monotonic() - began
    # Told, not asserted: how long it takes says as much of the machine as of the page.
    print(f"usable after {took:.2f} s ({USABLE:.0f} s is what it may take)")


def compared(page):
    open_page(page, TWO / "compare-1-2.html")
    assert page.locator("table.board tbody tr:not([hidden])").count() >= 5
    shot(page, "compare")


def shot(page, name):
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SHOTS}/{name}.png")


def main():
    with sync_playwright() as playwright:
        options = ["--no-sandbox"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        checked = Checked(browser)
        page = checked.page(viewport={"width": 1280, "height": 1000})
        steps = [sorting, filtering, columns_and_permalinks, answers, names_can_be_read]
        for step in [*steps, compared, time_to_usable]:
            step(page)
            print("ok", step.__name__)
        for step in (without_scripts, every_page, policy_holds, light_and_dark):
            step(checked)
            print("ok", step.__name__)
        browser.close()
    assert not checked.complaints, checked.complaints
    print("ok nothing was complained of")


main()
