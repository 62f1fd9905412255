"""Keys, pedals and dictation microphones: exactly the keys that were meant, and no microphone that stays open."""

from typing import Any

import pytest

from .microphone import MICROPHONE, dictate, say, until_written
from .pages import WAIT_MS, Open, choose, finish, insert, start, text, until, until_exactly, until_text, words
from .transcript import SENTENCES, TRANSCRIPT, share_recognised

FIRST, SECOND, _ = SENTENCES

RECORDING = "document.querySelector('#dictate').getAttribute('aria-pressed')"

HID = """
class FakeHidDevice extends EventTarget {
  constructor(vendorId, productId, usagePage, usage, answers) {
    super();
    Object.assign(this, { vendorId, productId, opened: false, answers });
    this.collections = [{ usagePage, usage }];
  }
  async open() { this.opened = true; }
  async close() { this.opened = false; }
  async sendReport(id, data) {
    const answer = this.answers?.[data[0]];
    if (answer) this.report([data[0], ...answer]);
  }
  report(bytes) {
    const event = new Event('inputreport');
    event.data = new DataView(Uint8Array.from(bytes).buffer);
    this.dispatchEvent(event);
  }
}
const hid = new EventTarget();
window.devices = {
  // A wired SpeechMike: says that it is a Premium (0x83), and which one (0x8b): 3700.
  speechmike: new FakeHidDevice(0x0911, 0x0c1c, 65440, 1, {
    0x83: [0, 0, 0, 0, 0, 0, 0, 128],
    0x8b: [0, 3700 >> 8, 3700 & 255, 0, 0, 0, 0, 0],
  }),
  powermic: new FakeHidDevice(0x0554, 0x1001, 1, 0, null),
  pedal: new FakeHidDevice(0x0911, 0x1844, 1, 4, null),
};
hid.getDevices = async () => [];
hid.requestDevice = async () => Object.values(window.devices);
Object.defineProperty(navigator, 'hid', { value: hid });
"""


def until_recording(page: Any, wanted: bool) -> None:
    until(page, f"{RECORDING} === '{str(wanted).lower()}'")


def test_push_to_talk_insert_and_undo_need_the_keyboard_alone(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    page.keyboard.down("F2")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    say(page, FIRST)
    page.keyboard.up("F2")
    until_recording(page, False)
    until_written(page, 0)
    written = text(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, written
    page.keyboard.press("F4")
    until(page, "document.activeElement.dataset.autotext !== undefined")
    while page.evaluate("document.activeElement.dataset.autotext") != "examen normal":
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    until_text(page, "Abdomen souple")
    page.keyboard.press("F8")
    until_exactly(page, written)
    page.keyboard.type(" Puis à la main.")
    assert text(page) == f"{written} Puis à la main."


@pytest.mark.parametrize("chord", ["Alt+F4", "Control+F2", "Shift+F8", "Control+F8", "Alt+F9"])
def test_key_with_a_modifier_that_it_does_not_have_does_nothing(open_page: Open, chord: str) -> None:
    page = open_page()
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    insert(page, "examen normal")
    before = text(page)
    page.keyboard.press(chord)
    page.wait_for_timeout(200)
    assert text(page) == before
    assert page.evaluate(RECORDING) == "false"
    assert not page.is_visible("#autotexts")


def test_undo_key_while_a_sentence_is_corrected_takes_back_the_correction_alone(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    start(page)
    dictate(page, FIRST)
    dictate(page, SECOND)
    finish(page)
    written = text(page)
    page.click("#report .unit >> nth=0")
    page.keyboard.press("Home")
    page.keyboard.type("X")
    until_exactly(page, f"X{written}")
    page.keyboard.press("F8")
    until_exactly(page, written)


def test_held_key_that_comes_up_elsewhere_does_not_leave_the_microphone_open(open_page: Open) -> None:
    page = open_page(MICROPHONE)
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    page.keyboard.down("F2")
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    say(page, FIRST)
    page.evaluate("window.dispatchEvent(new Event('blur'))")  # Another window took the focus; its keyup is not ours.
    until_recording(page, False)
    until_written(page, 0)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, text(page)


def test_another_key_may_be_chosen_and_may_toggle(open_page: Open) -> None:
    page = open_page()
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    choose(page, "#record-mode", "toggle")
    page.click("#settings-button")
    page.click("#record-key-choice")
    page.keyboard.press("a")  # A letter is for writing.
    assert "Pressez" in page.inner_text("#record-key-choice")
    page.keyboard.press("F10")  # What a pedal sends.
    assert page.inner_text("#record-key-choice") == "F10"
    page.keyboard.press("Escape")
    page.keyboard.press("F2")
    assert page.evaluate(RECORDING) == "false"
    page.keyboard.press("F10")
    until_recording(page, True)
    page.keyboard.press("F10")
    until_recording(page, False)
    page.reload()
    page.wait_for_selector("#dictate:enabled", timeout=WAIT_MS)
    page.keyboard.press("F10")
    until_recording(page, True)


def test_dictation_microphone_records_stops_inserts_and_walks_the_variables(open_page: Open) -> None:
    page = open_page(script=MICROPHONE + HID)
    page.wait_for_selector("#hid-box", state="attached", timeout=WAIT_MS)
    page.click("#settings-button")
    page.click("#hid")
    until(page, "document.querySelector('#hid-text').textContent.includes('3 appareils')")
    page.keyboard.press("Escape")

    def speechmike(buttons: int) -> None:
        page.evaluate("(bits) => devices.speechmike.report([0x80, 0, 0, 0, 0, 0, 0, bits & 255, bits >> 8])", buttons)

    speechmike(1 << 8)  # RECORD held
    page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
    say(page, FIRST)
    speechmike(0)
    until_recording(page, False)
    finish(page)
    written = text(page)
    assert share_recognised(words(page), [FIRST]) >= TRANSCRIPT, written
    insert(page, "signature")
    until(page, "document.querySelectorAll('.variable').length === 2")
    speechmike(1 << 11)  # FORWARD
    speechmike(0)
    until(page, "document.querySelectorAll('.variable')[1].classList.contains('ProseMirror-selectednode')")
    speechmike(1 << 12)  # REWIND
    speechmike(0)
    until(page, "document.querySelectorAll('.variable').length === 0")
    speechmike(1 << 14)  # INS/OVR
    speechmike(0)
    page.wait_for_selector("#autotexts", timeout=WAIT_MS)
    page.keyboard.press("Escape")
    until_exactly(page, written)


def test_powermic_and_pedal_record_while_they_are_held(open_page: Open) -> None:
    page = open_page(script=MICROPHONE + HID)
    page.wait_for_selector("#hid-box", state="attached", timeout=WAIT_MS)
    page.click("#settings-button")
    page.click("#hid")
    until(page, "document.querySelector('#hid-text').textContent.includes('3 appareils')")
    page.keyboard.press("Escape")
    for name, down, up in (("powermic", [0, 1 << 2, 0], [0, 0, 0]), ("pedal", [1 << 1], [0])):
        page.evaluate("([name, bytes]) => devices[name].report(bytes)", [name, down])
        until_recording(page, True)
        page.wait_for_selector("#state[data-state=open]", timeout=WAIT_MS)
        say(page, FIRST)
        page.evaluate("([name, bytes]) => devices[name].report(bytes)", [name, up])
        until_recording(page, False)
        finish(page)
    assert share_recognised(words(page), [FIRST, FIRST]) >= TRANSCRIPT, text(page)
    page.evaluate("devices.pedal.report([2])")
    until_recording(page, True)
    page.evaluate("navigator.hid.dispatchEvent(Object.assign(new Event('disconnect'), { device: devices.pedal }))")
    until_recording(page, False)  # Unplugged while it was held.
