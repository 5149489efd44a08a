"""The page of `ulmfit serve` in a real browser: typed into, submitted, read, and looked at.

    cargo build --release
    python tests/peer/serve_page.py MODEL [--pictures FOLDER] [--ulmfit target/release/ulmfit]

MODEL is the file of a classifier. Needs `pip install playwright` and Chromium (`apt-get install chromium`, found by
its name on the path or in CHROMIUM); says so and ends well where one is missing. With --pictures the page is
photographed, on a desk and on a phone, in light and in dark.
"""
import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.request

chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    sys.exit(print("skipped: playwright is not installed (pip install playwright)"))
if not chromium:
    sys.exit(print("skipped: Chromium is not installed (apt-get install chromium)"))

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--pictures")
parser.add_argument("--ulmfit", default="target/release/ulmfit")
options = parser.parse_args()

TEXT = "A slow start, but I loved the ending & the music!\nIsn't that <b>lovely</b>?"
TOKEN = "a-token-for-this-test"

# Relative luminance and contrast as WCAG 2 defines them, of every element with text of its own.
CONTRASTS = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const own = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  return [...document.querySelectorAll("body *")].filter((e) => own(e) && e.checkVisibility()).map((e) => {
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    return [e.tagName + "." + e.className + "#" + e.id, (a + 0.05) / (b + 0.05)];
  });
}"""


def serve(**environment):
    server = subprocess.Popen(
        [options.ulmfit, "serve", options.model, "--addr", "127.0.0.1:0"],
        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    line = server.stderr.readline()
    address = re.search(r"http://\S+/", line)
    assert address, line
    return server, address.group()


def stop(server):
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=20) == 0


def watched(browser, address, **settings):
    """A page, with everything that it asks for and complains of."""
    page = browser.new_context(**settings).new_page()
    page.asked, page.complaints = [], []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.goto(address)
    expect(page.locator("#model")).to_contain_text("of")
    return page


def by_keyboard(page, text):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "text"
    page.keyboard.insert_text(text)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "send"
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden])")


def picture(page, name):
    if options.pictures:
        os.makedirs(options.pictures, exist_ok=True)
        page.screenshot(path=f"{options.pictures}/{name}.png", full_page=True)


def check_answer(page, address):
    data = json.dumps({"text": TEXT, "words": True}).encode()
    wanted = json.load(urllib.request.urlopen(address + "predict", data))
    assert page.inner_text("#label") == f"Label: {wanted['label']}"
    expect(page.locator("#result")).to_be_focused()
    expect(page.locator("#status")).to_have_text(f"Done. Label: {wanted['label']}.")
    rows = page.locator("#outputs tbody tr")
    shown = {row.locator("th").inner_text(): row.locator("td").first.inner_text() for row in rows.all()}
    assert shown == {name: f"{100 * p:.1f} %" for name, p in wanted["probabilities"].items()}, shown
    widths = [float(bar.get_attribute("style").split()[1].rstrip("%;")) for bar in page.locator(".fill").all()]
    assert widths == sorted(widths, reverse=True) and abs(sum(widths) - 100) < 0.1, widths
    assert page.text_content("#words").strip() == TEXT, page.text_content("#words")
    marked = [w["word"].lower() for w in wanted["words"] if w["weight"] >= 0.2 and w["word"].strip()]
    assert [mark.lower() for mark in page.locator("mark").all_text_contents()] == marked
    top = page.locator("#top li").all_inner_texts()
    best = max(wanted["words"], key=lambda w: w["weight"])
    assert top[0] == f"{best['word']}: 100.0 %" and len(top) == 8, top
    print("label", wanted["label"], "| outputs", shown, "| marked", marked, "| numbers", top)


server, address = serve()
with sync_playwright() as driver:
    browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
    for name, settings in {
        "desk": dict(viewport=dict(width=1100, height=800)),
        "dark": dict(viewport=dict(width=1100, height=800), color_scheme="dark"),
        "phone": dict(viewport=dict(width=360, height=740), has_touch=True, is_mobile=True),
    }.items():
        page = watched(browser, address, **settings)
        tree = page.locator("main").aria_snapshot()
        assert 'textbox "Text to classify"' in tree and 'button "Classify"' in tree, tree
        by_keyboard(page, TEXT)
        check_answer(page, address)
        assert page.locator("#words b, #words img").count() == 0, "a text stays text"
        foreign = [url for url in page.asked if not url.startswith((address, "data:"))]
        assert not foreign and not page.complaints, (foreign, page.complaints)
        weak = [(what, round(c, 2)) for what, c in page.evaluate(CONTRASTS) if c < 4.5]
        assert not weak, weak
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "no scrolling sideways"
        if name == "phone":
            assert page.locator("#send").bounding_box()["height"] >= 44, "a finger is not a mouse"
        picture(page, name)

    # An empty text is not sent; Control + Enter sends; a text with markup does nothing.
    page = watched(browser, address)
    page.click("#send")
    assert page.locator("#result").is_hidden() and not [url for url in page.asked if url.endswith("predict")]
    page.fill("#text", "<img src=x onerror=\"document.title='broken'\"> 好 \U0001F600")
    page.press("#text", "Control+Enter")
    page.wait_for_selector("#result:not([hidden])")
    assert page.title() == "Try the model" and not page.complaints, page.complaints

    stop(server)
    page.click("#send")
    expect(page.locator("#problem")).to_contain_text("does not answer")
    assert page.locator("#result").is_hidden()
    picture(page, "stopped")

    server, address = serve(ULMFIT_TOKEN=TOKEN)
    page = watched(browser, address)
    page.fill("#text", TEXT)
    page.click("#send")
    page.wait_for_selector("#access:not([hidden])")
    expect(page.locator("#token")).to_be_focused()
    expect(page.locator("#problem")).to_contain_text("asks for a token")
    picture(page, "token")
    page.keyboard.insert_text(TOKEN)
    page.keyboard.press("Enter")
    page.wait_for_selector("#result:not([hidden])")
    browser.close()
stop(server)
print("the page holds")
