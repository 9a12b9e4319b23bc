/** A masked camera of a page that is not to be seen, and of a worker that stands still: nobody sees a face for it. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { seen, two } from "./harness/facing.ts"
import { turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const hidden = (person: Person): Promise<boolean> => person.page.evaluate(() => document.visibilityState === "hidden")

for (const kind of KINDS) {
  test(`${kind} shows no face while its page is hidden, nor when it is seen again`, async () => {
    const meeting = at.meeting()
    const [ada, bob] = await two(meeting, kind)
    await bob.click("Mask faces")
    await turn(bob, "camera", true)
    await seen(ada, 10)

    const other = await bob.page.browserContext().newPage({ type: "tab" })
    await other.bringToFront()
    await bob.until("is hidden", () => hidden(bob))
    let [frames, exposed] = [0, 0]
    await ada.until("sees some frames of the hidden page", async () => {
      const now = await ada.page.evaluate(() => window.faced.take())
      frames += now.frames
      exposed += now.exposed
      return frames >= 4
    })
    assert.equal(exposed, 0, `${exposed} of ${frames} frames of the hidden page show the face`)

    await bob.page.bringToFront()
    await bob.until("is seen again", async () => !(await hidden(bob)))
    const again = await seen(ada, 10)
    assert.equal(again.exposed, 0, `${again.exposed} of ${again.frames} frames show the face, as alike as ${again.most}`)
    await meeting.end()
  })
}

/** For so long (ms): others must see a cover, and nothing must begin anew. */
const STANDS = 1000

test("chromium shows no face when a worker stands still for a second", async () => {
  const meeting = at.meeting()
  const [ada, bob] = await two(meeting, "chromium")
  await bob.click("Mask faces")
  await turn(bob, "camera", true)
  await seen(ada, 10)
  const workers = bob.page.workers().filter((worker) => worker.url().includes("mask"))
  assert.equal(workers.length, 2)
  for (const worker of workers) {
    await worker.evaluate((ms) => {
      const end = performance.now() + ms
      while (performance.now() < end);
    }, STANDS)
    const { exposed, frames, most } = await seen(ada, 10)
    assert.equal(exposed, 0, `${exposed} of ${frames} frames show the face, as alike as ${most}`)
  }
  await meeting.end()
})
