/** A masked camera, from the click to what the others' browsers decode. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { turn } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

for (const kind of KINDS) {
  test(`${kind} sends what was masked, and nothing before`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 61, name: "Ada" }, {})
    const bob = await meeting.guest(kind, { number: 62, name: "Bob" }, {})
    await bob.click("Mask faces")
    await turn(bob, "camera", true)
    await ada.until("sees a picture of Bob", async () => ((await ada.tileOf("Bob"))?.videos ?? []).some((v) => v.visible && v.width > 0))
    for (let i = 0; i < 20; i++) {
      const tile = await ada.tileOf("Bob")
      assert.ok(tile?.videos.every((v) => v.coded === null))
      await new Promise((r) => setTimeout(r, 100))
    }
    console.log(await ada.tell())
    console.log(await bob.tell())
    await meeting.end()
  })
}
