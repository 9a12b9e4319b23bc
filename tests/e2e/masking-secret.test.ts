/** Of what is covered not one bit leaves: pictures that differ only there are the same when they are encoded. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { newMeeting } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"
import { twofold } from "./harness/twofold.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

const CASES = [
  ["zone", "none", 1],
  ["zone", "none", 3], // more than leaves: it is made smaller
  ["zone", "blur", 1],
  ["all but a zone", "none", 1],
  ["none", "none", 1],
] as const

for (const kind of KINDS) {
  for (const [zones, background, times] of CASES) {
    const what =
      zones === "none"
        ? "everything of a picture that nothing covers"
        : `nothing of what ${zones} covers, size: ${times}, background: ${background}`
    test(`${kind} lets out ${what}`, async () => {
      const meeting = at.meeting()
      const ada = await meeting.arrive(kind, { number: 66, name: "Ada", scripts: [twofold(zones, background, times)] })
      await newMeeting(ada, at.server.origin)
      await ada.click("Start as moderator")
      await ada.click("Turn on camera")
      await ada.until("sees themselves", () => ada.page.evaluate(() => (document.querySelector("video")?.videoWidth ?? 0) > 2), PAGE_MS)
      const one = await ada.page.evaluate(() => window.twofold.become(0))
      const other = await ada.page.evaluate(() => window.twofold.become(1))
      if (zones === "none") assert.notEqual(other, one, "these eyes see a difference")
      else assert.equal(other, one, "the same picture, whatever is covered")
      await meeting.end()
    })
  }
}
