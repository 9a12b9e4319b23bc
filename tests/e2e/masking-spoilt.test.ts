/** A browser that cannot get the networks as they were built shows no camera that it should mask; zones need none. */

import assert from "node:assert/strict"
import test from "node:test"
import { newMeeting } from "./harness/meeting.ts"
import { holding, spoil } from "./harness/spoilt.ts"
import { stage } from "./harness/stage.ts"
import { twofold } from "./harness/twofold.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

for (const how of ["missing", "changed"] as const) {
  test(`networks that are ${how}: zones hold, a camera whose faces are to be masked stays off`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.arrive("chromium", { number: 67, name: "Ada", scripts: [twofold("zone", "none"), holding()] })
    spoil(ada, how)
    await newMeeting(ada, at.server.origin)
    await ada.click("Start as moderator")
    await ada.click("Turn on camera")
    const shown = (): Promise<boolean> => ada.page.evaluate(() => (document.querySelector("video")?.videoWidth ?? 0) > 2)
    await ada.until("sees themselves", shown, PAGE_MS)
    assert.equal(await ada.page.evaluate(() => window.twofold.become(0)), await ada.page.evaluate(() => window.twofold.become(1)))

    await ada.click("Mask faces")
    await ada.until("is told", async () => (await ada.text()).includes("Masking does not work here"), PAGE_MS)
    await ada.find("button", "Turn on camera")
    assert.equal(await shown(), false)
    assert.deepEqual(await ada.page.evaluate(() => window.twofold.states()), ["ended"], "the camera's light is out")
    await meeting.end()
  })
}
