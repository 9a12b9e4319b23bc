import assert from "node:assert/strict"
import test from "node:test"
import { type Effect, type Event, first, type Model, step } from "./machine.ts"
import { EMPTY, NO_MEDIA, withMembers, withPresence, withSaid } from "./room.ts"

const links = { participant: "https://x/#1.a", moderator: "" }

/** Feeds events and returns the model and every effect in order. */
function feed(m: Model, ...events: Event[]): [Model, Effect["do"][]] {
  const effects: Effect["do"][] = []
  let now = m
  for (const e of events) {
    const [next, ...more] = step(now, e)
    now = next
    effects.push(...more.map((x) => x.do))
  }
  return [now, effects]
}

const start = first("en", "system", true)
const opened: Extract<Event, { on: "opened" }> = {
  on: "opened",
  link: "participant",
  links,
  viewer: false,
  ticket: false,
  masked: false,
  own: false,
}
const [prejoin] = feed(start, opened, { do: "name", name: "Bert" })
const [joining] = feed(prejoin, { do: "join" })
const [call] = feed(joining, { on: "live", at: 1 })

const members = (...people: string[]) =>
  people.map((person, leaf) => ({ person, leaf, self: person === "me", viewer: false, emoji: "", key: person }))
const hello = (name: string) => ({ name, moderator: false, media: NO_MEDIA })
const chat: Event = { on: "chat", from: "anna", with: null, text: "x", at: 1 }

test("a new meeting makes its links in the browser", () => {
  const [m, effects] = feed(start, { do: "new-meeting" }, { on: "links", links })
  assert.deepEqual(effects, ["make-links"])
  assert.ok(m.state.stage.at === "start" && m.state.stage.links === links && !m.state.stage.making)
})

test("a link leads to the pre-join page with everything off", () => {
  assert.equal(prejoin.state.stage.at, "prejoin")
  assert.equal(prejoin.state.devices.camera, "off")
  assert.equal(prejoin.state.devices.microphone, "off")
})

test("opening a link turns no device on and asks for no permission", () => {
  const [, effects] = feed(start, { ...opened, link: "moderator" })
  assert.deepEqual(effects, ["prepare"])
})

test("nobody joins without a name", () => {
  const [m, effects] = feed(prejoin, { do: "name", name: "  " }, { do: "join" })
  assert.equal(m.state.stage.at, "prejoin")
  assert.deepEqual(effects, [])
})

test("joining ends an echo test and joins once", () => {
  const [m, effects] = feed(prejoin, { do: "join" }, { do: "join" })
  assert.equal(m.state.stage.at, "joining")
  assert.deepEqual(effects, ["echo", "join"])
})

test("a waiting person may leave, and comes in when the keys are there", () => {
  const [waiting] = feed(joining, { on: "waiting", for: "moderator" })
  assert.deepEqual(waiting.state.stage, { at: "joining", waiting: "moderator", notes: [] })
  assert.deepEqual(feed(waiting, { do: "leave" })[1], ["leave"])
  assert.equal(feed(waiting, { on: "securing" }, { on: "live", at: 1 })[0].state.encryption, "encrypted")
})

test("encryption is shown as secured only with keys", () => {
  assert.equal(joining.state.encryption, "securing")
  const [away] = feed(call, { on: "reconnecting" })
  assert.equal(away.state.encryption, "securing")
  assert.equal(feed(away, { on: "reconnected" })[0].state.encryption, "encrypted")
})

test("every way a call ends turns all devices off and forgets who was there", () => {
  for (const why of ["left", "lost", "unencrypted", "taken-over", "proof"] as const) {
    const room = withSaid(withMembers(EMPTY, members("me", "anna")), "anna", hello("Anna"))
    const [m, effects] = feed(call, { on: "room", room, showing: [] }, chat, { on: "ended", why })
    assert.deepEqual(m.state.stage, { at: "ended", why })
    assert.deepEqual(effects, ["release"])
    assert.deepEqual([m.room, m.state.tiles.length, m.state.chat.length], [null, 0, 0])
  }
})

test("what comes late, after the end, changes nothing", () => {
  const [ended] = feed(call, { on: "ended", why: "left" })
  const [m, effects] = feed(ended, { on: "live", at: 2 }, chat, { on: "waiting", for: "lock" })
  assert.equal(m, ended)
  assert.deepEqual(effects, [])
})

test("chat counts as unread until its panel is open", () => {
  const line = chat
  const [m] = feed(call, line, line)
  assert.equal(m.state.unread, 2)
  const [open] = feed(m, { do: "panel", panel: "chat" }, line)
  assert.deepEqual([open.state.unread, open.state.chat.length], [0, 3])
})

test("an empty message is not sent", () => {
  assert.deepEqual(feed(call, { do: "say", text: " \n", to: null })[1], [])
})

test("arrivals are announced by name once it is known, but not those who were there before", () => {
  let room = withPresence(withMembers(EMPTY, members("me", "anna")), "anna", {})
  const [here] = feed(joining, { on: "room", room, showing: [] }, { on: "live", at: 1 })
  room = withSaid(room, "anna", hello("Anna"))
  const [met] = feed(here, { on: "room", room, showing: [] })
  assert.equal(met.state.notice, null)
  room = withPresence(withMembers(room, members("me", "anna", "carl")), "carl", {})
  const [came] = feed(met, { on: "room", room, showing: [] })
  assert.equal(came.state.notice, null)
  const [named] = feed(came, { on: "room", room: withSaid(room, "carl", hello("Carl")), showing: [] })
  assert.deepEqual(named.state.notice, { id: 1, say: "arrived", name: "Carl" })
})

test("a new epoch makes the code stale, and asks for the new one while it is shown", () => {
  const code = { emoji: ["a"], digits: "1" }
  const [shown, asked] = feed(call, { do: "panel", panel: "code" }, { on: "code", code })
  assert.deepEqual(asked, ["code"])
  const [stale, again] = feed(shown, { on: "epoch" })
  assert.equal(stale.state.code, null)
  assert.deepEqual(again, ["code"])
})

test("another device of a kind that is on is opened at once; one that is off stays off", () => {
  const on = feed(call, { on: "capture", source: "camera", to: "on" })[0]
  assert.deepEqual(feed(on, { do: "choose", kind: "camera", id: "c2" })[1], ["treat", "capture"])
  assert.deepEqual(feed(call, { do: "choose", kind: "microphone", id: "m2" })[1], [])
})

test("a denied or missing device says so", () => {
  assert.equal(feed(prejoin, { on: "capture", source: "camera", to: "denied" })[0].state.notice?.say, "camera-denied")
  assert.equal(feed(prejoin, { on: "capture", source: "microphone", to: "missing" })[0].state.notice?.say, "device-missing")
})

test("going home forgets the link, but never out of a call", () => {
  assert.deepEqual(feed(prejoin, { do: "home" })[1], ["release", "forget-link"])
  assert.deepEqual(feed(call, { do: "home" })[1], [])
})

test("chat does not grow without end", () => {
  const lines: Event[] = Array.from({ length: 1010 }, (_, i) => ({ on: "chat", from: "anna", with: null, text: `${i}`, at: i }))
  const [m] = feed(call, ...lines)
  assert.equal(m.state.chat.length, 1000)
  assert.equal(m.state.chat.at(-1)?.text, "1009")
})

test("encryption is shown as it is while keys are on their way again", () => {
  const [lost] = feed(call, { on: "securing" })
  assert.equal(lost.state.encryption, "securing")
  assert.equal(lost.state.stage.at, "call")
  const [again] = feed(lost, { on: "live", at: 9 })
  assert.equal(again.state.encryption, "encrypted")
})
