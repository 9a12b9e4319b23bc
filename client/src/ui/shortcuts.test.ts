import assert from "node:assert/strict"
import test from "node:test"
import type { Action, Capture, Panel, Role } from "../call/state.ts"
import { invented } from "./invented.ts"
import { type Pressed, shortcut } from "./shortcuts.ts"

const none = { camera: [], microphone: [], speaker: [] }
const state = (microphone: Capture, panel: Panel, role: Role = "participant"): Parameters<typeof shortcut>[0] => ({
  panel,
  moderation: invented({ role }),
  devices: {
    list: none,
    chosen: { camera: "", microphone: "", speaker: "" },
    canChooseSpeaker: true,
    microphone,
    camera: "off",
    screen: "off",
    level: 0,
  },
})
const press = (key: string, more: Partial<Pressed> = {}): Pressed => ({ key, typing: false, modified: false, repeat: false, ...more })

const cases: readonly [string, Pressed, Action | null][] = [
  ["M turns the microphone off", press("m"), { do: "microphone", on: false }],
  ["with Shift too", press("M"), { do: "microphone", on: false }],
  ["V turns the camera on", press("v"), { do: "camera", on: true }],
  ["H raises the hand", press("h"), { do: "hand", up: true }],
  ["C closes the open chat", press("c"), { do: "panel", panel: "none" }],
  ["P goes to the people", press("p"), { do: "panel", panel: "people" }],
  ["Escape closes the panel", press("Escape"), { do: "panel", panel: "none" }],
  ["not while typing", press("m", { typing: true }), null],
  ["Escape neither: somebody may be writing", press("Escape", { typing: true }), null],
  ["not with Ctrl", press("c", { modified: true }), null],
  ["not again and again", press("m", { repeat: true }), null],
  ["no other key", press("x"), null],
]
for (const [name, pressed, action] of cases) {
  test(name, () => assert.deepEqual(shortcut(state("on", "chat"), pressed), action))
}

test("Escape does nothing without a panel", () => {
  assert.equal(shortcut(state("off", "none"), press("Escape")), null)
})

test("who only watches has no microphone and no camera, but a hand", () => {
  assert.equal(shortcut(state("off", "none", "viewer"), press("m")), null)
  assert.equal(shortcut(state("off", "none", "viewer"), press("v")), null)
  assert.deepEqual(shortcut(state("off", "none", "viewer"), press("h")), { do: "hand", up: true })
})
