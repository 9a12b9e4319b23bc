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
  ["zone", "none"],
  ["zone", "blur"],
  ["all but a zone", "none"],
  ["none", "none"],
] as const

for (const kind of KINDS) {
  for (const [zones, background] of CASES) {
    const what =
      zones === "none" ? "everything of a picture that nothing covers" : `nothing of what ${zones} covers, background: ${background}`
    test(`${kind} lets out ${what}`, async () => {
      const meeting = at.meeting()
      const ada = await meeting.arrive(kind, { number: 66, name: "Ada", scripts: [twofold(zones, background)] })
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
