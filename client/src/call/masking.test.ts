import assert from "node:assert/strict"
import test from "node:test"
import { NO_ZONES, type Standing, type Zones } from "../mask/treatment.ts"
import { type Effect, type Event, first, type Model, step } from "./machine.ts"
import { asBefore, readPreferences, recalled, required, treatedAs } from "./masking.ts"
import { EMPTY } from "./room.ts"

function feed(m: Model, ...events: Event[]): [Model, Effect[]] {
  const effects: Effect[] = []
  let now = m
  for (const e of events) {
    const [next, ...more] = step(now, e)
    now = next
    effects.push(...more)
  }
  return [now, effects]
}

const links = { participant: "https://x/#1.a", moderator: "" }
const opened: Event = { on: "opened", link: "participant", links, viewer: false, ticket: false, masked: false, own: false }
const [page] = feed(first("en", "system", true), opened)
const masks: Event = { do: "treat", change: { strength: "faces" } }
const unmasks: Event = { do: "treat", change: { strength: "off" } }
const camera = (to: "starting" | "on" | "off"): Event => ({ on: "capture", source: "camera", to })
const sight = (id: string, aspect = 16 / 9): Event => ({ on: "sight", camera: id, aspect })
const stands = (standing: Standing): Event => ({ on: "standing", of: "camera", standing })
const zones: Zones = { zones: [{ id: 1, corners: [0, 0.5, 1].map((x) => ({ x, y: x * x })) }], inverse: false }
const draws = (of: Zones): Event => ({ do: "treat", change: { zones: of } })
const names = (effects: readonly Effect[]): string[] => effects.map((e) => e.do)
const { masking: none } = page.state
const masked = feed(page, masks)[0]
const seen = feed(masked, { do: "camera", on: true }, camera("starting"), sight("c1"), camera("on"))[0]
const zoned = feed(seen, draws(zones))[0]

test("a camera is opened with its treatment, and the treatment comes first", () => {
  const [m, effects] = feed(masked, { do: "camera", on: true })
  assert.deepEqual(effects, [
    { do: "treat", camera: { ...none.camera, strength: "faces" }, screen: NO_ZONES },
    { do: "capture", source: "camera" },
  ])
  assert.deepEqual(m.state.masking.standing, { is: "loading", part: 0 }, "nothing is said to be masked before it is")
})

test("so is one without a mask: what was wished before is not left in force", () => {
  const [m, effects] = feed(masked, unmasks, { do: "camera", on: true })
  assert.deepEqual(effects.slice(-2), [
    { do: "treat", camera: none.camera, screen: NO_ZONES },
    { do: "capture", source: "camera" },
  ])
  assert.deepEqual(m.state.masking.standing, { is: "off" })
})

test("a screen is shared with its zones, and a microphone needs none", () => {
  const [, effects] = feed(page, { do: "zones-screen", zones }, { do: "screen", on: true }, { do: "microphone", on: true })
  const treat = { do: "treat", camera: none.camera, screen: zones } as const
  assert.deepEqual(effects, [treat, treat, { do: "capture", source: "screen" }, { do: "capture", source: "microphone" }])
})

test("strength is changed while the camera is on, and everything is covered until the pipeline says otherwise", () => {
  const on = feed(page, { do: "camera", on: true }, camera("on"))[0]
  const [m, effects] = feed(on, masks)
  assert.deepEqual(names(effects), ["treat", "keep"])
  assert.deepEqual(m.state.masking.standing, { is: "loading", part: 0 })
  const body = feed(m, stands({ is: "masked", faces: 1 }), { do: "treat", change: { strength: "body" } })[0]
  assert.deepEqual(body.state.masking.standing, { is: "masked", faces: 1 })
  assert.deepEqual(feed(body, unmasks)[0].state.masking.standing, { is: "off" })
})

test("where masking cannot be given the camera goes off, and the reason stays to be read", () => {
  const [m, effects] = feed(seen, stands({ is: "unavailable" }), camera("off"), stands({ is: "off" }))
  assert.deepEqual(effects, [{ do: "stop", source: "camera" }])
  assert.deepEqual(m.state.masking.standing, { is: "unavailable" })
  const again = feed(m, { do: "camera", on: true })[0]
  assert.deepEqual(again.state.masking.standing, { is: "loading", part: 0 })
})

test("a camera that is off has no standing", () => {
  const off = feed(seen, stands({ is: "masked", faces: 2 }), camera("off"))[0]
  assert.deepEqual(off.state.masking.standing, { is: "off" })
  assert.deepEqual(feed(off, stands({ is: "masked", faces: 2 }))[0].state.masking.standing, { is: "off" }, "nor what comes late")
})

test("a room that wants masks puts them on, and off cannot be chosen there", () => {
  const on = feed(page, { do: "camera", on: true }, camera("on"))[0]
  const [asked, ...effects] = required(on, true)
  assert.equal(asked.state.masking.camera.strength, "faces")
  assert.deepEqual(names(effects), ["treat", "keep"])
  assert.equal(feed(asked, unmasks)[0].state.masking.camera.strength, "faces")
  assert.equal(feed(asked, { do: "treat", change: { strength: "body" } })[0].state.masking.camera.strength, "body")
  const [free, ...more] = required(asked, false)
  assert.equal(free.state.masking.camera.strength, "faces", "nobody's mask comes off because of a rule")
  assert.deepEqual(more, [])
  assert.equal(feed(free, unmasks)[0].state.masking.camera.strength, "off")
})

test("the rule is obeyed as soon as it is known, by moderators too, and forgotten with the room", () => {
  const room = (is: boolean, role: "participant" | "moderator" = "participant"): Event => ({
    on: "room",
    room: { ...EMPTY, rules: { ...EMPTY.rules, masked: is }, own: { ...EMPTY.own, role } },
    showing: [],
  })
  const on = feed(page, { do: "name", name: "Me" }, { do: "join" }, { do: "camera", on: true }, camera("on"))[0]
  for (const role of ["participant", "moderator"] as const) {
    const [asked, effects] = feed(on, room(true, role))
    assert.deepEqual([asked.state.masking.required, asked.state.masking.camera.strength], [true, "faces"])
    assert.deepEqual(names(effects), ["treat", "keep"])
    assert.equal(feed(asked, unmasks)[0].state.masking.camera.strength, "faces")
    const [free, more] = feed(asked, room(false, role))
    assert.deepEqual([free.state.masking.required, free.state.masking.camera.strength, names(more)], [false, "faces", []])
    const [left] = feed(asked, { on: "ended", why: "left" })
    assert.deepEqual([left.state.masking.required, left.state.masking.camera.strength], [false, "faces"])
  }
})

// ---- A link that says that all faces are masked ----

const announced: Event = { ...opened, masked: true }
const ruled = (version: number, is: boolean): Event => ({
  on: "room",
  room: { ...EMPTY, rules: { ...EMPTY.rules, version, masked: is } },
  showing: [],
})
const live: Event = { on: "live", at: 1 }
const joins: Event[] = [{ do: "name", name: "Me" }, { do: "join" }]
const rule = (m: Model) => [m.state.masking.required, m.state.masking.camera.strength]

test("a link that says that all faces are masked masks before anything is asked of the server, and cannot be overruled", () => {
  const [m, effects] = feed(first("en", "system", true), announced)
  assert.deepEqual([m.state.stage.at, ...rule(m)], ["prejoin", true, "faces"])
  assert.deepEqual(names(effects), ["prepare", "treat", "keep"])
  assert.deepEqual(rule(feed(m, unmasks)[0]), [true, "faces"])
  assert.deepEqual(rule(feed(m, { do: "treat", change: { strength: "body" } })[0]), [true, "body"])
  const [, opens] = feed(m, { do: "camera", on: true })
  assert.deepEqual(names(opens), ["treat", "capture"])
})

test("until the rules are known the link counts, also where a moderator is waited for", () => {
  const on = feed(first("en", "system", true), announced, ...joins, { on: "waiting", for: "admission" })[0]
  assert.deepEqual(rule(feed(on, unmasks)[0]), [true, "faces"])
  const [keys] = feed(on, { on: "securing" }, ruled(0, false))
  assert.deepEqual(rule(feed(keys, unmasks)[0]), [true, "faces"], "version 0 is what holds before anything was heard")
  const [gone] = feed(keys, { on: "refused", code: "full", until: 0 }, { do: "again" })
  assert.deepEqual([gone.state.stage.at, ...rule(gone)], ["prejoin", true, "faces"])
})

test("a room that no longer has the rule: that is told, the mask stays on, and can be taken off", () => {
  for (const version of [0, 3]) {
    const [m, effects] = feed(first("en", "system", true), announced, ...joins, ruled(version, false), live)
    assert.deepEqual([m.state.notice?.say, ...rule(m)], ["masked-no-more", false, "faces"])
    assert.deepEqual(effects.at(-1), { do: "mark-link", masked: false })
    assert.deepEqual(rule(feed(m, unmasks)[0]), [false, "off"])
    const [again] = feed(m, { on: "ended", why: "left" }, { do: "again" })
    assert.deepEqual(rule(again), [false, "faces"], "nor does the page say it any more")
  }
})

test("a room that has it says nothing new", () => {
  const [m, effects] = feed(first("en", "system", true), announced, ...joins, ruled(1, true), live)
  assert.deepEqual([m.state.notice, ...rule(m)], [null, true, "faces"])
  assert.ok(!names(effects).includes("mark-link"))
})

test("what is given away in a call says what holds now", () => {
  const wish = { label: "Anna", viewer: false, once: true, from: null, until: null, revoked: false, pending: false }
  const invited: Event = { on: "invited", invitation: { ...wish, link: "https://x/#1.a~gA~tB", ticketKey: new Uint8Array(32) } }
  const call = feed(page, ...joins, invited, ruled(1, false), live)[0]
  const [on, effects] = feed(call, ruled(2, true))
  assert.deepEqual(effects.at(-1), { do: "mark-link", masked: true })
  assert.equal(on.state.moderation.invitations[0]?.link, "https://x/#1.a~gA~mAQ~tB")
  assert.deepEqual(names(feed(on, ruled(2, true))[1]), [], "once")
  const [off, more] = feed(on, ruled(3, false))
  assert.deepEqual(more.at(-1), { do: "mark-link", masked: false })
  assert.equal(off.state.moderation.invitations[0]?.link, "https://x/#1.a~gA~tB")
})

test("a page that is left for another meeting forgets what its link said", () => {
  const [m] = feed(first("en", "system", true), announced, { do: "home" })
  assert.deepEqual(rule(m), [false, "faces"])
  assert.deepEqual(rule(feed(m, opened)[0]), [false, "faces"])
})

test("zones are of what the camera shows now", () => {
  const [m, effects] = feed(seen, draws(zones))
  assert.deepEqual(m.state.masking.camera.zones, { ...zones, of: { camera: "c1", aspect: 16 / 9 } })
  assert.deepEqual(names(effects), ["treat"], "they are kept nowhere")
})

test("a picture of another shape makes them another's until somebody says that they fit", () => {
  const turned = feed(zoned, sight("c1", 9 / 16))[0]
  assert.equal(turned.state.masking.camera.zones.of?.aspect, 16 / 9)
  assert.equal(turned.state.masking.rememberable, false)
  const [m, effects] = feed(turned, { do: "zones-confirm" })
  assert.deepEqual(names(effects), ["treat", "zones-confirm"])
  assert.equal(m.state.masking.camera.zones.of?.aspect, 9 / 16)
})

test("zones are confirmed for the shape of the frames, whatever the camera said of itself", () => {
  const turned = feed(zoned, stands({ is: "zones", aspect: 3 / 4 }))[0]
  assert.equal(turned.state.masking.rememberable, false)
  const [m, effects] = feed(turned, { do: "zones-confirm" })
  assert.deepEqual(m.state.masking.camera.zones.of, { camera: "c1", aspect: 3 / 4 })
  assert.deepEqual(names(effects), ["treat", "zones-confirm"])
})

test("another camera has its own zones; one that has none keeps those that do not fit", () => {
  const second = feed(zoned, { do: "choose", kind: "camera", id: "c2" }, sight("c2"))[0]
  assert.equal(second.state.masking.camera.zones.of?.camera, "c1")
  const cleared = feed(second, draws(NO_ZONES))[0]
  assert.deepEqual(cleared.state.masking.camera.zones.zones, [])
  const [back, effects] = feed(cleared, { do: "choose", kind: "camera", id: "c1" })
  assert.deepEqual(back.state.masking.camera.zones, zoned.state.masking.camera.zones)
  assert.deepEqual(names(effects), ["treat", "capture"])
  // The system's default is known only once it is open.
  const [usual, more] = feed(back, { do: "choose", kind: "camera", id: "" }, sight("c2"))
  assert.deepEqual(usual.state.masking.camera.zones.zones, [])
  assert.equal(names(more).at(-1), "treat")
})

test("zones are remembered only if somebody asks, from then on, until they ask for the contrary", () => {
  const [on, asked] = feed(zoned, { do: "zones-remember", on: true })
  assert.deepEqual(asked, [{ do: "zones-remember", camera: "c1", zones: zoned.state.masking.camera.zones }])
  assert.ok(on.state.masking.remembered)
  const [, later] = feed(on, draws({ zones: [], inverse: true }))
  assert.deepEqual(later.at(-1), {
    do: "zones-remember",
    camera: "c1",
    zones: { zones: [], inverse: true, of: { camera: "c1", aspect: 16 / 9 } },
  })
  const [off, forgets] = feed(on, { do: "zones-remember", on: false })
  assert.deepEqual(forgets, [{ do: "zones-remember", camera: "c1", zones: null }])
  assert.ok(!off.state.masking.remembered)
  const elsewhere = feed(on, { do: "choose", kind: "camera", id: "c2" })[0]
  assert.deepEqual([elsewhere.state.masking.remembered, elsewhere.state.masking.rememberable], [false, false])
  assert.deepEqual(feed(elsewhere, { do: "zones-remember", on: true })[1], [], "nobody knows yet what it shows")
})

test("the screen's zones change with the screen alone", () => {
  const [m, effects] = feed(zoned, { do: "zones-screen", zones: { zones: [], inverse: true } })
  assert.deepEqual(m.state.masking.camera, zoned.state.masking.camera)
  assert.deepEqual(effects, [{ do: "treat", camera: m.state.masking.camera, screen: { zones: [], inverse: true } }])
})

test("a shared screen has a standing of its own, for as long as it is shared", () => {
  const screen = (standing: Standing): Event => ({ on: "standing", of: "screen", standing })
  assert.deepEqual(feed(seen, screen({ is: "zones" }))[0].state.masking.screenStanding, { is: "off" }, "none is shared")
  const shared = feed(seen, { on: "capture", source: "screen", to: "on" }, screen({ is: "zones", aspect: 2 }))[0]
  assert.deepEqual(shared.state.masking.screenStanding, { is: "zones", aspect: 2 })
  assert.deepEqual(shared.state.masking.standing, seen.state.masking.standing)
  const over = feed(shared, { on: "capture", source: "screen", to: "off" })[0]
  assert.deepEqual(over.state.masking.screenStanding, { is: "off" })
})

test("a page comes back with its camera treated as it was, or with the camera off", () => {
  const blank = first("en", "system", true)
  const back = (was: Model, remembered: ReadonlyMap<string, Zones>): boolean => {
    const kept = treatedAs(was)
    return asBefore(recalled(blank, readPreferences({ ...kept }), remembered, kept.device), kept)
  }
  const of = zoned.state.masking.camera.zones
  assert.ok(back(seen, new Map()))
  assert.ok(back(zoned, new Map([["c1", of]])))
  assert.ok(!back(zoned, new Map()), "zones that nothing remembers")
  assert.ok(!back(zoned, new Map([["c2", { ...of, of: { camera: "c2", aspect: 1 } }]])), "or another camera's")
  assert.ok(!asBefore(blank, treatedAs(seen)), "a mask that was forgotten")
})

test("the zones of the system's camera are those remembered last, until it is known which that is", () => {
  const of = (id: string): Zones => ({ ...zones, of: { camera: id, aspect: 1 } })
  const all = new Map([
    ["c1", of("c1")],
    ["c2", of("c2")],
  ])
  const m = recalled(first("en", "system", true), null, all)
  assert.equal(m.state.masking.camera.zones.of?.camera, "c2")
  assert.equal(feed(m, sight("c1"))[0].state.masking.camera.zones.of?.camera, "c1")
  assert.equal(recalled(m, null, all, "c3").state.masking.camera.zones, NO_ZONES)
})

test("what a tab keeps is read only if it is whole", () => {
  const good = { strength: "body", fill: "avatar", background: "plain" }
  assert.deepEqual(readPreferences(good), good)
  for (const bad of [null, 1, "", [], {}, { ...good, strength: "on" }, { ...good, fill: undefined }, { ...good, background: "none " }]) {
    assert.equal(readPreferences(bad), null, JSON.stringify(bad))
  }
})

test("what is wished for the camera outlives a call", () => {
  const call = feed(zoned, { do: "name", name: "Me" }, { do: "join" }, { on: "room", room: EMPTY, showing: [] }, live)[0]
  const after = feed(call, { on: "ended", why: "left" }, { do: "again" })[0]
  assert.deepEqual(after.state.masking.camera, zoned.state.masking.camera)
})
