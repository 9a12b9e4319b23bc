/**
 * Who was removed opens nothing that is sent afterwards, even when the server
 * goes on forwarding everything to them and their page gives nothing back.
 */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import type { SeenCounts } from "./harness/inside.ts"
import { member, press } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { TAPPED } from "./harness/server.ts"
import { stage } from "./harness/stage.ts"

const at = stage(async () => ({ binary: TAPPED, flags: ["-keep-removed"] }))

/** A page that never closes a connection, never ends a worker and never has one forget a key or a binding. */
const CLINGING = `{
  RTCPeerConnection.prototype.close = () => {}
  const Real = Object.getPrototypeOf(Worker.prototype)
  Real.terminate = () => {}
  const post = Real.postMessage
  window.clung = new Set()
  Real.postMessage = function (message, ...rest) {
    if (message?.do === "forget" || (message?.do === "bind" && message.from === null)) return
    if (message?.do === "bind") window.clung.add(this)
    return post.call(this, message, ...rest)
  }
  HTMLMediaElement.prototype.pause = () => {}
}`

/** What the page's receive transforms have made of the frames of Ada's camera and microphone so far. */
async function counts(person: Person): Promise<readonly SeenCounts[]> {
  await person.page.evaluate(() => {
    for (const worker of (window as unknown as { clung: Set<Worker> }).clung) worker.postMessage({ do: "count" })
  })
  return (await person.counts()).filter((c) => c.side === "receive" && c.id.startsWith("s") && c.passed > 0)
}

/** Whether the connection that the page receives on is gone: a removed Firefox may lose it, as nobody looks after it any more. */
const lost = (person: Person): Promise<boolean> =>
  person.page.evaluate(() => window.probe.peers.some((p) => p.getReceivers().length > 2 && p.iceConnectionState === "failed"))

for (const kind of KINDS) {
  test(`a removed person in ${kind} opens no frame that is sent after the removal`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 111, name: "Ada" })
    const eve = await meeting.guest("chromium", { number: 112, name: "Eve" }, {})
    const bob = await meeting.guest(kind, { number: 113, name: "Bob", scripts: [CLINGING] }, {})
    await bob.sees(ada)
    await eve.sees(ada)
    const two = await bob.until("opens sound and pictures", async () => {
      const all = await counts(bob)
      return all.length === 2 && all.every((c) => c.passed > 50) && all
    })

    await press(await member(ada, "Bob"), "Remove")
    await press(await member(ada, "Bob"), "Remove")
    await bob.until("is told", async () => (await bob.text()).includes("A moderator has removed you"))
    for (const person of [ada, eve]) await person.seesPeople("Ada", "Eve")

    /** All that has been opened of both tracks, once each has brought so many frames without a key, or nothing comes any more. */
    const opened = (without: number, end: () => Promise<boolean>): Promise<readonly number[]> =>
      bob.until(`is still sent frames, ${without} of each track without a key`, async () => {
        const over = await end() // before the frames are counted: none comes after it
        const all = await counts(bob)
        const enough = all.length === two.length && all.every((c, i) => c.noKey >= (two[i]?.noKey ?? 0) + without)
        return (enough || over) && all.map((c) => c.passed)
      })
    // One track's frames keep their order, so the first few of the new epoch end those of the old.
    const first = await opened(3, async () => false)
    assert.deepEqual(await opened(100, () => lost(bob)), first, "frames opened after the switch")
    await eve.sees(ada)
    await meeting.end(/WebRTC: ICE failed/) // what Firefox says when it has lost it
  })
}
