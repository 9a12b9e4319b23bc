/** A masked camera, from the click to what the others' browsers decode. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { seen, two } from "./harness/facing.ts"
import { turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const loaded = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => performance.getEntriesByType("resource").flatMap(({ name }) => (/mask/.test(name) ? [name] : [])))

/** Whether a track of the camera itself is with any sender. */
const handed = (person: Person): Promise<boolean> =>
  person.page.evaluate(() =>
    window.probe.peers.some((peer) =>
      peer.getSenders().some(({ track }) => track?.kind === "video" && window.probe.tracks.includes(track)),
    ),
  )

for (const kind of KINDS) {
  test(`${kind} sends a room and no face in it, from the first frame on`, async () => {
    const meeting = at.meeting()
    const [ada, bob] = await two(meeting, kind)
    assert.deepEqual(await loaded(bob), [], "nothing of it is fetched before somebody asks")
    await bob.click("Mask faces")
    await turn(bob, "camera", true)
    await turn(bob, "microphone", true)
    const { exposed, most } = await seen(ada, 40)
    assert.equal(exposed, 0, `as alike as ${most}`)
    assert.equal(await handed(bob), false)
    await ada.hears(bob)
    assert.notDeepEqual(await loaded(bob), [])
    assert.deepEqual(await bob.faults(), [])
    await meeting.end()
  })

  test(`${kind} shows nothing more of a face once it is to be masked, in the call, however often`, async () => {
    const meeting = at.meeting()
    const [ada, bob] = await two(meeting, kind)
    await turn(bob, "camera", true)
    const before = await seen(ada, 10)
    assert.ok(before.exposed >= 10 && before.most > 0.8, `a face that is not masked is seen: ${JSON.stringify(before)}`)
    for (let round = 1; round <= 3; round++) {
      assert.equal(await handed(bob), true)
      await bob.click("Mask faces")
      await ada.seesNoPictureOf(bob)
      await ada.page.evaluate(() => window.faced.take())
      const { exposed, most } = await seen(ada, 20)
      assert.equal(exposed, 0, `round ${round}: as alike as ${most}`)
      assert.equal(await handed(bob), false)
      await bob.click("Mask faces")
      await bob.click("Stop masking")
      await ada.until("sees the face again", async () => (await ada.page.evaluate(() => window.faced.take())).exposed > 0)
    }
    await meeting.end()
  })
}
