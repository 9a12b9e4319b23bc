/** What breaks while a camera is masked: nobody sees a face for it, and the picture comes back. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { seen, two } from "./harness/facing.ts"
import { turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** Ends one of the two workers that run now: 0 is the one every frame goes through, 1 the other. */
const kill = (person: Person, which: 0 | 1): Promise<number> =>
  person.page.evaluate((i) => {
    const { workers } = window.faced
    workers[workers.length - 2 + i]?.terminate()
    return workers.length
  }, which)

/** New workers have been started in place of those. */
const begun = (person: Person, more: number): Promise<boolean> =>
  person.until("begins anew", () => person.page.evaluate((n) => window.faced.workers.length > n, more))

for (const kind of KINDS) {
  test(`${kind} shows no face when a worker ends or the camera changes`, async () => {
    const meeting = at.meeting()
    const [ada, bob] = await two(meeting, kind)
    await bob.click("Mask faces")
    await turn(bob, "camera", true)
    const shown = async (what: string): Promise<void> => {
      const { exposed, frames, most } = await seen(ada, 10)
      assert.equal(exposed, 0, `${what}: ${exposed} of ${frames} frames show the face, as alike as ${most}`)
    }
    await shown("at first")

    await begun(bob, await kill(bob, 1))
    await shown("without the worker that searches everything")
    await begun(bob, await kill(bob, 0))
    await shown("without the worker that masks")

    for (let i = 0; i < 2; i++) {
      await bob.page.evaluate(() => window.faced.turn())
      await ada.until("sees the turned picture", async () => {
        const { exposed } = await ada.page.evaluate(() => window.faced.take())
        assert.equal(exposed, 0, "turned")
        const { width = 0, height = 0 } = (await ada.tileOf("Bob"))?.videos[0] ?? {}
        return i === 0 ? height > width : width > height
      })
    }
    await shown("turned back")

    await turn(bob, "camera", false)
    await turn(bob, "camera", true)
    await shown("with the camera turned on again")
    // A worker that is killed gives no frame back.
    await meeting.end(/^error: A VideoFrame was garbage collected without being closed/)
  })
}
