/** A masked camera of somebody whose machine has a twentieth of the time that it needs: nobody sees a face for it. */

import assert from "node:assert/strict"
import test, { after } from "node:test"
import { Browsers, KINDS } from "./harness/browsers.ts"
import { facing } from "./harness/faced.ts"
import { seen } from "./harness/facing.ts"
import { inCall, turn } from "./harness/meeting.ts"
import { Person } from "./harness/person.ts"
import { starve } from "./harness/processes.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** Browsers of their own for those who starve. */
const theirs = new Browsers()
after(() => theirs.close())

/** Frames that others see of the starved machine. */
const FRAMES = 40

for (const kind of KINDS) {
  test(`${kind} shows no face when its machine is too slow by far, nor when it is quick again`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 63, name: "Ada", scripts: [facing()] }, {})
    const browser = await theirs.get(kind)
    const bob = await Person.arrive(browser, kind, meeting.server.origin, { number: 64, name: "Bob", scripts: [facing()] })
    meeting.people.push(bob)
    await meeting.enter(bob, {})
    await inCall(bob)
    await ada.page.evaluate(() => window.faced.watch("Bob"))
    await bob.click("Mask faces")
    await turn(bob, "camera", true)
    await seen(ada, 10)

    const feed = starve(browser.process()?.pid ?? 0)
    try {
      let [frames, exposed, most] = [0, 0, -1]
      await ada.until(`sees ${FRAMES} frames of the starved machine`, async () => {
        const now = await ada.page.evaluate(() => window.faced.take())
        frames += now.frames
        exposed += now.exposed
        most = Math.max(most, now.most)
        return frames >= FRAMES
      })
      assert.equal(exposed, 0, `${exposed} of ${frames} frames show the face, as alike as ${most}`)
    } finally {
      feed()
    }
    const { exposed, frames, most } = await seen(ada, 10)
    assert.equal(exposed, 0, `afterwards ${exposed} of ${frames} frames show the face, as alike as ${most}`)
    await meeting.end()
  })
}
