/** Camera and microphone: nothing before a click, and off means off. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { ask, inCall, turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const asked = (person: Person): Promise<string[]> => person.page.evaluate(() => window.probe.asked)
const trackStates = (person: Person): Promise<string[]> =>
  person.page.evaluate(() => window.probe.tracks.map((t) => `${t.kind} ${t.readyState}`))
const audioPackets = async (person: Person): Promise<number> =>
  (await person.streams()).reduce((sum, s) => (s.side === "receive" && s.kind === "audio" ? sum + s.packets : sum), 0)

for (const kind of KINDS) {
  test(`${kind} asks for a device only after a click, and off ends the track`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 51, name: "Ada" }, {})
    const bob = await meeting.arrive(kind, { number: 52, name: "Bob" })
    await bob.open(meeting.links.participant)
    await bob.find("button", "Turn on camera")
    await ask(bob, {})
    await meeting.admit(bob)
    await inCall(bob)
    await ada.seesPeople("Ada", "Bob")
    assert.deepEqual(await asked(bob), [], "nothing is asked for without a click")
    assert.deepEqual(await asked(ada), [])

    await turn(bob, "camera", true)
    assert.equal((await asked(bob)).length, 1, "one click, one request")
    assert.ok(!(await asked(bob))[0]?.includes("audio"), "a click on the camera does not ask for the microphone")
    await ada.sees(bob)
    await turn(bob, "camera", false)
    assert.deepEqual(await trackStates(bob), ["video ended"], "the camera's light is out")
    await ada.seesNoPictureOf(bob)

    await turn(bob, "microphone", true)
    assert.equal((await asked(bob)).length, 2)
    await ada.hears(bob)
    await turn(bob, "microphone", false)
    assert.deepEqual(await trackStates(bob), ["video ended", "audio ended"], "the microphone is let go")
    let last = -1
    await ada.until("gets no sound any more", async () => {
      const now = await audioPackets(ada)
      const still = now === last
      last = now
      return still
    })

    await turn(bob, "camera", true)
    await ada.sees(bob)
    await meeting.end()
  })
}

test("leaving lets go of every device", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("firefox", { number: 53, name: "Ada" })
  await ada.click("Leave")
  await ada.find("button", "Join again")
  for (const state of await trackStates(ada)) assert.match(state, /ended$/)
  await meeting.end()
})

test("a camera turned on and off quickly ends in the last state", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 54, name: "Ada" }, {})
  const bob = await meeting.guest("firefox", { number: 55, name: "Bob" }, {})
  for (let i = 0; i < 5; i++) {
    for (const person of [ada, bob]) await person.click("Turn on camera")
    for (const person of [ada, bob]) await person.click("Turn off camera")
  }
  for (const person of [ada, bob]) await turn(person, "camera", true)
  await ada.sees(bob)
  await bob.sees(ada)
  for (const person of [ada, bob]) {
    const live = (await trackStates(person)).filter((s) => s === "video live")
    assert.equal(live.length, 1, "one camera track is open, not more")
  }
  await meeting.end()
})
