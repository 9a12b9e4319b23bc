/** A camera with zones after a reload: treated as it was, or off. */

import assert from "node:assert/strict"
import test from "node:test"
import { inCall, turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

/** Adds a zone in the settings, and waits until it covers. */
async function zoned(person: Person, remember: boolean): Promise<void> {
  await person.click("Settings")
  await person.click("Camera")
  await person.click("Add zone")
  await person.until("is told that it covers", async () => (await person.text()).includes("Your zones are covered"), PAGE_MS)
  if (remember) {
    await person.click("Remember on this device", "switch")
    const kept = (): Promise<string | null> => person.page.evaluate(() => localStorage.getItem("paravent zones"))
    await person.until("has it remembered", async () => (await kept()) !== null, PAGE_MS)
  }
  await person.page.keyboard.press("Escape")
}

async function reloaded(person: Person): Promise<void> {
  await person.page.reload({ waitUntil: "load", timeout: PAGE_MS })
  await inCall(person)
}

test("zones that nobody had remembered leave the camera off, those that were come back with it", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 41, name: "Ada", inside: { camera: "browser" } }, { camera: true })
  await inCall(ada)
  await zoned(ada, false)
  await reloaded(ada)
  await ada.find("button", "Turn on camera")
  assert.equal(await ada.page.evaluate(() => localStorage.length), 0, "nothing was kept that nobody asked for")

  await turn(ada, "camera", true)
  await zoned(ada, true)
  await reloaded(ada)
  await ada.find("button", "Turn off camera")
  await ada.click("Settings")
  await ada.until("is told that it covers", async () => (await ada.text()).includes("Your zones are covered"), PAGE_MS)
  await meeting.end()
})
