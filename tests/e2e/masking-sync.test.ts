/**
 * Lips and words stay together while frames wait to be searched: measured where
 * they are handed to the encoders, as what comes later is not the mask's doing
 * and varies with the machine by more. Chromium only: the other browser runs no
 * AudioContext here, where there is no device that plays sound, and sends it as
 * it comes.
 */

import assert from "node:assert/strict"
import test from "node:test"
import { DELAY_MS } from "../../client/src/mask/cover/delay.ts"
import { clapping } from "./harness/clapper.ts"
import { turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/**
 * How far apart they may be (ms): half of what a masked picture waits at least (DELAY_MS), so that a sound that is
 * not delayed fails, and one that is delayed twice. People notice a sound that is early by 45 ms (ITU-R BT.1359-1).
 */
const APART = DELAY_MS / 2

const CLAPS = 12

/** How much later than the picture the sound is, most often. */
async function apart(by: Person): Promise<number> {
  const before = await by.page.evaluate(() => window.clapper.apart().length)
  const all = await by.until(`gives ${CLAPS} claps`, async () => {
    const newer = (await by.page.evaluate(() => window.clapper.apart())).slice(before)
    return newer.length >= CLAPS && newer
  })
  const sorted = all.sort((a, b) => a - b)
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  process.stdout.write(`# sound later than the picture by ${Math.round(median)} ms (${sorted.map(Math.round).join(" ")})\n`)
  return median
}

test("chromium delays the sound of a masked picture by as much as the picture", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 91, name: "Ada", scripts: [clapping()] }, {})
  const bob = await meeting.guest("chromium", { number: 92, name: "Bob", scripts: [clapping()] }, {})
  await bob.click("Mask faces")
  await turn(bob, "camera", true)
  await turn(bob, "microphone", true)
  await ada.until("receives both", () =>
    ada.page.evaluate(() => {
      const live = window.probe.peers.flatMap((peer) => (peer.signalingState === "closed" ? [] : peer.getReceivers()))
      return ["audio", "video"].every((kind) => live.some(({ track }) => track.kind === kind && !track.muted))
    }),
  )
  await bob.until("sends what was treated", () => bob.page.evaluate(() => window.clapper.treated()))
  await bob.page.evaluate(() => window.clapper.attend("sent"))
  const late = await apart(bob)
  assert.ok(Math.abs(late) < APART, `the sound is later by ${late} ms`)
  await meeting.end()
})
