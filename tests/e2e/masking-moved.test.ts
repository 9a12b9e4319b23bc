/** Where only a worker reads and writes tracks: no face leaves, whatever becomes of the worker. See harness/moved.ts for what of it is real. */

import assert from "node:assert/strict"
import test from "node:test"
import { facing } from "./harness/faced.ts"
import { seen } from "./harness/facing.ts"
import { turn } from "./harness/meeting.ts"
import { moving, prepare } from "./harness/moved.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

test("tracks that a worker writes show a room and no face, also when it is silent or ends", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 61, name: "Ada", scripts: [facing()] }, {})
  const bob = await meeting.guest("chromium", { number: 62, name: "Bob", scripts: [facing(), ...moving()] }, {})
  prepare(bob)
  await ada.page.evaluate(() => window.faced.watch("Bob"))
  const shown = async (what: string): Promise<void> => {
    const { exposed, frames, most } = await seen(ada, 15)
    assert.equal(exposed, 0, `${what}: ${exposed} of ${frames} frames show the face, as alike as ${most}`)
  }
  await bob.click("Mask faces")
  await turn(bob, "camera", true)
  await shown("at first")
  assert.ok((await bob.page.evaluate(() => window.moved.frames)) > 10, "they came this way")

  // Two workers of one mask: the first is the one that every frame goes through.
  const workers = (): Promise<number> => bob.page.evaluate(() => window.faced.workers.length)
  for (const which of [2, 1]) {
    const before = await workers()
    await bob.page.evaluate((n) => window.faced.workers.at(-n)?.terminate(), which)
    await bob.until("begins anew", async () => (await workers()) > before)
    await shown(`without the ${which === 2 ? "first" : "second"} worker`)
  }
  // A worker that is killed gives no frame back; without its generator Chromium tries its sound in another way, and says so.
  await meeting.end(/^error: A VideoFrame was garbage collected without being closed|^warn: The AudioContext was not allowed to start/)
})
