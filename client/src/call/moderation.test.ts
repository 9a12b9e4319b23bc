/** The machine under moderators: what they do is told and obeyed, and nothing they or the server say turns a device on. */
import assert from "node:assert/strict"
import test from "node:test"
import type { Deed, Knocker, Order } from "../../../e2ee/worker/port.ts"
import type { Policy } from "../wire/statements.gen.ts"
import { type Effect, type Event, first, type Model, type Report, step } from "./machine.ts"
import { EMPTY, type Room, withMembers, withOwn, withSaid } from "./room.ts"
import { rulesOf } from "./rules.ts"
import type { Action } from "./state.ts"

const ME = "01".repeat(16)
const HER = "02".repeat(16)
const HIM = "03".repeat(16)
const bytes = (hex: string): Uint8Array =>
  Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16))

const RULES: Policy = {
  t: "policy",
  seq: 1,
  version: 1,
  lobby: true,
  locked: false,
  quiet: false,
  chat: true,
  share: true,
  tickets: false,
  verify: false,
  masked: false,
  banned: false,
  unmoderated: "lock",
  speakers: [],
  silenced: [],
  dismissed: [],
  barred: [],
}

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

const links = { participant: "https://x/#1.a", moderator: "https://x/#1.a.b" }
const link = { on: "opened", link: "participant", links, viewer: false, ticket: false, masked: false, own: false } as const
const member = (person: string, leaf: number) => ({ person, leaf, self: person === ME, viewer: false, emoji: "", key: person })

/** Three people, this one in the role given; Anna moderates. */
function room(own: Partial<Room["own"]> = {}, rules: Partial<Policy> = {}): Room {
  let r = withMembers(EMPTY, [member(ME, 0), member(HER, 1), member(HIM, 2)])
  r = withSaid(withSaid(r, HER, { name: "Anna", moderator: true }), HIM, { name: "Bert" })
  return withOwn({ ...r, rules: rulesOf({ ...RULES, ...rules }) }, own)
}
const there = (r: Room): Report => ({ on: "room", room: r, showing: [] })

const joining = feed(first("en", "system", true), link, { do: "name", name: "Me" }, { do: "join" })[0]
const inRoom = (own: Partial<Room["own"]> = {}, rules: Partial<Policy> = {}): Model =>
  feed(joining, there(room(own, rules)), { on: "live", at: 1 })[0]
const holder = { role: "moderator", holder: true } as const
const appointed = { role: "moderator", holder: false } as const
const viewer = { role: "viewer" } as const

const marks = new Map([["aa".repeat(16), HIM]])
const acted = (deed: Deed): Report => ({ on: "acted", by: HER, deed, self: ME, marks, at: 7 })
const policy = (change: Partial<Policy>, before: Partial<Policy> = {}): Deed => ({
  deed: "policy",
  policy: { ...RULES, ...before, ...change },
  before: { ...RULES, ...before },
})
const knocker = (person: string, name = "Carl"): Knocker => ({ person, name, emoji: "", viewer: false, ticket: false, label: "" })

// ---- Nothing turns a device on ----

/** One or more of each deed there is: a new one does not compile without a line here. */
const DEEDS: { readonly [Name in Deed["deed"]]: readonly Deed[] } = {
  policy: [
    policy({ quiet: true }),
    policy({ quiet: false, share: true, chat: true }, { quiet: true, share: false, chat: false }),
    policy({ silenced: [bytes(ME)] }),
    policy({ silenced: [] }, { silenced: [bytes(ME)] }),
    policy({ speakers: [bytes(ME)] }, { quiet: true }),
    policy({ masked: true }),
    policy({ verify: true, locked: true, barred: [bytes("bb".repeat(16))], dismissed: [bytes("aa".repeat(16))] }),
  ],
  admit: [{ deed: "admit", people: [ME, HIM] }],
  deny: [{ deed: "deny", person: ME }],
  note: [{ deed: "note", text: "x" }],
  remove: (["remove", "ban", "lobby"] as const).map((how): Deed => ({ deed: "remove", person: ME, how })),
  stop: [ME, HIM, null].flatMap((person) =>
    (["microphone", "camera", "screen", "hand"] as const).map((source): Deed => ({ deed: "stop", person, source })),
  ),
  appoint: [{ deed: "appoint", person: ME }],
  end: [{ deed: "end" }],
}

/** One or more of each report there is. */
const REPORTS: { readonly [Name in Report["on"]]: readonly Extract<Report, { on: Name }>[] } = {
  waiting: (["moderator", "admission", "lock"] as const).map((why) => ({ on: "waiting", for: why }) as const),
  note: [{ on: "note", text: "x" }],
  securing: [{ on: "securing" }],
  live: [{ on: "live", at: 1 }],
  reconnecting: [{ on: "reconnecting" }],
  reconnected: [{ on: "reconnected" }],
  room: [
    room(),
    room(holder),
    room(viewer),
    room({}, { quiet: true }),
    room({}, { verify: true, share: false }),
    room({}, { masked: true }),
  ].map((r) => ({ on: "room", room: r, showing: [] }) as const),
  speaking: [{ on: "speaking", people: new Set([ME]) }],
  chat: [{ on: "chat", from: HER, with: null, text: "x", at: 1 }],
  reaction: [{ on: "reaction", from: HER, emoji: "👍" }],
  epoch: [{ on: "epoch" }],
  code: [{ on: "code", code: { emoji: [], digits: "" } }],
  acted: Object.values(DEEDS).flatMap((deeds) => deeds.map((deed) => acted(deed) as Extract<Report, { on: "acted" }>)),
  lobby: [{ on: "lobby", waiting: [knocker(HIM)] }],
  knocked: [{ on: "knocked" }],
  "lobby-full": [{ on: "lobby-full" }],
  replay: [
    { on: "replay", person: HIM, at: 1 },
    { on: "replay", person: null, at: 1 },
  ],
  moderated: [
    { on: "moderated", present: false, endsAt: 1 },
    { on: "moderated", present: true, endsAt: null },
  ],
  unconfirmed: [{ on: "unconfirmed", order: { order: "remove", person: HIM } }],
  generation: [{ on: "generation", number: 1, secret: new Uint8Array(32) }],
  refused: (["passphrase", "host", "proof", "throttled", "denied"] as const).map((code) => ({ on: "refused", code, until: 0 }) as const),
  renew: (["expired", "lobby"] as const).map((why) => ({ on: "renew", why }) as const),
  ended: [{ on: "ended", why: "left" }],
  opened: [link, { ...link, link: "moderator" }, { ...link, viewer: true }],
  links: [
    { on: "links", links },
    { on: "links", links: null },
  ],
  linked: [{ on: "linked", links }],
  invited: [],
  copied: [{ on: "copied" }],
  faded: [{ on: "faded", person: HER, reaction: 1 }],
  returned: [{ on: "returned", name: "Me", silent: false }],
  devices: [{ on: "devices", list: { camera: [], microphone: [], speaker: [] } }],
  capture: (["microphone", "camera", "screen"] as const).flatMap((source) =>
    (["off", "starting", "denied", "missing", "busy"] as const).map((to) => ({ on: "capture", source, to }) as const),
  ),
  "device-lost": [{ on: "device-lost" }],
  level: [{ on: "level", level: 1 }],
  standing: (["off", "checking", "dark", "late", "zones", "stopped", "unavailable"] as const).map(
    (is) => ({ on: "standing", of: "camera", standing: { is } }) as const,
  ),
  sight: [{ on: "sight", camera: "c1", aspect: 16 / 9 }],
  preview: [{ on: "preview", camera: null, screen: null }],
  echo: [{ on: "echo", to: "idle" }],
}

test("no report and no deed turns a device on, in whatever state", () => {
  const start = first("en", "system", true)
  const states = [
    start,
    feed(start, link)[0],
    joining,
    inRoom(),
    inRoom(holder),
    inRoom(appointed),
    inRoom(viewer),
    inRoom({}, { quiet: true }),
  ]
  for (const state of states) {
    for (const reports of Object.values(REPORTS)) {
      for (const r of reports) {
        const [m, effects] = feed(state, r)
        assert.ok(!effects.some((e) => e.do === "capture"), JSON.stringify(r))
        const { microphone, camera, screen } = m.state.devices
        assert.ok(![microphone, camera, screen].includes("on"), JSON.stringify(r))
      }
    }
  }
})

const on = (m: Model, ...sources: ("microphone" | "camera" | "screen")[]): Model =>
  feed(m, ...sources.map((source): Report => ({ on: "capture", source, to: "on" })))[0]
const stops = (effects: readonly Effect[]): string[] => effects.flatMap((e) => (e.do === "stop" ? [e.source] : []))

test("a stop turns off what it names, of the person it names, and of nobody else", () => {
  for (const source of ["microphone", "camera", "screen"] as const) {
    const all = on(inRoom(), "microphone", "camera", "screen")
    const [m, effects] = feed(all, acted({ deed: "stop", person: ME, source }))
    assert.deepEqual(stops(effects), [source])
    assert.equal(m.state.devices[source], "off")
    assert.deepEqual(stops(feed(all, acted({ deed: "stop", person: HIM, source }))[1]), [])
    assert.deepEqual(stops(feed(all, acted({ deed: "stop", person: null, source }))[1]), [source])
  }
  const moderator = on(inRoom(appointed), "microphone")
  assert.deepEqual(stops(feed(moderator, acted({ deed: "stop", person: null, source: "microphone" }))[1]), [], "to all but moderators")
  const starting = feed(inRoom(), { on: "capture", source: "camera", to: "starting" })[0]
  assert.deepEqual(stops(feed(starting, acted({ deed: "stop", person: ME, source: "camera" }))[1]), ["camera"])
  assert.deepEqual(stops(feed(inRoom(), acted({ deed: "stop", person: ME, source: "camera" }))[1]), [], "it is off")
})

test("who is silenced has the microphone off, is told, and cannot turn it on until allowed", () => {
  const [hushed, effects] = feed(on(inRoom(), "microphone", "camera"), there(room({}, { silenced: [bytes(ME)] })))
  assert.deepEqual(stops(effects), ["microphone"])
  assert.deepEqual([hushed.state.notice?.say, hushed.state.moderation.maySpeak], ["silenced", false])
  const [tried, none] = feed(hushed, { do: "microphone", on: true })
  assert.deepEqual(none, [])
  assert.equal(tried.state.notice?.say, "silenced")
  assert.deepEqual(stops(feed(hushed, { on: "capture", source: "microphone", to: "on" })[1]), ["microphone"], "one that was starting")
  const [allowed, after] = feed(hushed, there(room()))
  assert.equal(allowed.state.notice?.say, "may-speak")
  assert.deepEqual(after, [], "it stays off")
  assert.deepEqual(feed(allowed, { do: "microphone", on: true })[1], [{ do: "capture", source: "microphone" }])
})

test("a hand that was up to ask for the word goes down when it is given", () => {
  const asking = inRoom({ hand: 5 }, { quiet: true })
  assert.equal(asking.state.moderation.handUp, true)
  assert.deepEqual(feed(asking, there(room({ hand: 5 }, { quiet: true, speakers: [bytes(ME)] })))[1], [{ do: "hand", up: false }])
})

test("where sharing is off the screen goes off and stays off, but for moderators", () => {
  const [m, effects] = feed(on(inRoom(), "screen"), there(room({}, { share: false })))
  assert.deepEqual(stops(effects), ["screen"])
  assert.equal(m.state.notice?.say, "share-not-allowed")
  assert.deepEqual(feed(m, { do: "screen", on: true })[1], [])
  assert.deepEqual(stops(feed(on(inRoom(appointed), "screen"), there(room(appointed, { share: false })))[1]), [])
})

test("a viewer turns nothing on, before the call and in it", () => {
  const page = feed(first("en", "system", true), { ...link, viewer: true })[0]
  assert.ok(page.state.stage.at === "prejoin" && page.state.stage.entry.viewer)
  for (const source of ["microphone", "camera", "screen"] as const) {
    assert.deepEqual(feed(page, { do: source, on: true })[1], [])
    assert.deepEqual(feed(inRoom(viewer), { do: source, on: true })[1], [])
    const before = on(first("en", "system", true), source)
    assert.deepEqual(stops(feed(before, { ...link, viewer: true })[1]), [source], "what was on goes off")
  }
})

// ---- What is told ----

const dids = (m: Model): string[] => m.state.moderation.events.map((e) => [e.did, e.whom, e.self ? "self" : ""].join(" ").trim())

test("every change of the rules is told", () => {
  const quiet = { quiet: true }
  const cases: readonly (readonly [Deed, readonly string[]])[] = [
    [policy({ lobby: false }), ["lobby-off"]],
    [policy({ lobby: true }, { lobby: false }), ["lobby-on"]],
    [policy({ locked: true }), ["lock"]],
    [policy({}, { locked: true }), []],
    [policy({ locked: false }, { locked: true }), ["unlock"]],
    [policy({ quiet: true }), ["quiet-on"]],
    [policy({ quiet: false }, quiet), ["quiet-off"]],
    [policy({ chat: false }), ["chat-off"]],
    [policy({ chat: true }, { chat: false }), ["chat-on"]],
    [policy({ share: false }), ["share-off"]],
    [policy({ share: true }, { share: false }), ["share-on"]],
    [policy({ verify: true }), ["verify-on"]],
    [policy({ verify: false }, { verify: true }), ["verify-off"]],
    [policy({ masked: true }), ["masked-on"]],
    [policy({ masked: false }, { masked: true }), ["masked-off"]],
    [policy({ speakers: [bytes(HIM)] }, quiet), ["allow-speech Bert"]],
    [policy({ speakers: [] }, { ...quiet, speakers: [bytes(ME)] }), ["silence Me self"]],
    [policy({ silenced: [bytes(HIM)] }), ["silence Bert"]],
    [policy({ silenced: [] }, { silenced: [bytes(HIM)] }), ["allow-speech Bert"]],
    [policy({ silenced: [] }, { silenced: [bytes("09".repeat(16))] }), []],
    [policy({ dismissed: [bytes("aa".repeat(16))] }), ["dismiss Bert"]],
    [policy({ generation: { number: 1, key: new Uint8Array(32) } }), ["renew"]],
    [policy({ barred: [bytes("bb".repeat(16))] }), ["revoke"]],
    [policy({ barred: [bytes("aa".repeat(16))] }), []], // of a member: its removal follows
  ]
  for (const [deed, expected] of cases) {
    const [m] = feed(inRoom(), acted(deed))
    assert.deepEqual(dids(m), expected)
    assert.equal(m.state.notice?.say, expected.length > 0 ? "event" : undefined)
  }
})

test("every order is told to the room, with whom it concerns, and to that person as such", () => {
  const cases: readonly (readonly [Deed, string])[] = [
    [{ deed: "deny", person: HIM }, "deny Bert"],
    [{ deed: "remove", person: HIM, how: "remove" }, "remove Bert"],
    [{ deed: "remove", person: HIM, how: "ban" }, "ban Bert"],
    [{ deed: "remove", person: HIM, how: "lobby" }, "lobby Bert"],
    [{ deed: "remove", person: ME, how: "remove" }, "remove Me self"],
    [{ deed: "stop", person: HIM, source: "microphone" }, "mute Bert"],
    [{ deed: "stop", person: ME, source: "microphone" }, "mute Me self"],
    [{ deed: "stop", person: HIM, source: "camera" }, "stop-camera Bert"],
    [{ deed: "stop", person: HIM, source: "screen" }, "stop-screen Bert"],
    [{ deed: "stop", person: HIM, source: "hand" }, "lower-hand Bert"],
    [{ deed: "stop", person: null, source: "microphone" }, "mute-all  self"],
    [{ deed: "appoint", person: HIM }, "appoint Bert"],
  ]
  for (const [deed, expected] of cases) {
    const [m] = feed(inRoom(), acted(deed))
    assert.deepEqual(dids(m), [expected])
    assert.equal(m.state.moderation.events[0]?.by, "Anna")
    assert.equal(m.state.moderation.events[0]?.at, 7)
    assert.equal(m.state.notice?.say, "event")
  }
})

test("who is admitted is named by the knock, also when it has left the lobby", () => {
  const CARL = "04".repeat(16)
  const [m] = feed(
    inRoom(holder),
    { on: "lobby", waiting: [knocker(CARL)] },
    { on: "lobby", waiting: [] },
    acted({ deed: "admit", people: [CARL] }),
  )
  assert.deepEqual(dids(m), ["admit Carl"])
})

test("who waits outside and is admitted is told so, though it is no member yet", () => {
  const [m] = feed(inRoom(), { on: "room", room: EMPTY, showing: [] }, acted({ deed: "admit", people: [ME] }))
  assert.deepEqual(
    m.state.moderation.events.map((e) => [e.did, e.self]),
    [["admit", true]],
  )
})

test("events do not grow without end", () => {
  const many = Array.from({ length: 250 }, () => acted({ deed: "stop", person: HIM, source: "microphone" }))
  assert.equal(feed(inRoom(), ...many)[0].state.moderation.events.length, 200)
})

// ---- Lobby and orders ----

test("a knock is seen and heard by moderators, and by nobody else", () => {
  const knock: Report[] = [{ on: "lobby", waiting: [knocker(HIM, "Dora")] }, { on: "knocked" }]
  const [seen, heard] = feed(inRoom(appointed), ...knock)
  assert.deepEqual(
    seen.state.moderation.lobby.map((w) => [w.name, w.asked]),
    [["Dora", false]],
  )
  assert.equal(seen.state.notice?.say, "knock")
  assert.deepEqual(heard, [{ do: "chime" }])
  const [unseen, silent] = feed(inRoom(), ...knock)
  assert.deepEqual([unseen.state.moderation.lobby, silent, unseen.state.notice], [[], [], null])
})

test("an answer to a knock shows as given until it holds, and as not given when it got lost", () => {
  const CARL = "04".repeat(16)
  const waits: Report = { on: "lobby", waiting: [knocker(CARL)] }
  const order: Order = { order: "admit", people: [CARL] }
  const asked = (m: Model) => m.state.moderation.lobby.map((w) => w.asked)
  const [given, effects] = feed(inRoom(holder), waits, { do: "order", order })
  assert.deepEqual(effects, [{ do: "order", order }])
  assert.deepEqual(asked(given), [true])
  assert.deepEqual(asked(feed(given, { on: "unconfirmed", order })[0]), [false])
  assert.deepEqual(asked(feed(given, { on: "lobby", waiting: [] }, waits)[0]), [false], "somebody who knocks anew")
})

test("orders are given by moderators alone, some by holders of the moderator link alone", () => {
  const given = (own: Partial<Room["own"]>, order: Order): boolean => feed(inRoom(own), { do: "order", order })[1].length > 0
  const remove: Order = { order: "remove", person: HIM }
  assert.deepEqual([given({}, remove), given(viewer, remove), given(appointed, remove), given(holder, remove)], [false, false, true, true])
  for (const order of [{ order: "appoint", person: HIM }, { order: "renew" }, { order: "ban", person: HER, renew: false }] as const)
    assert.deepEqual([given({}, order), given(appointed, order), given(holder, order)], [false, false, true], order.order)
  assert.deepEqual(feed(joining, { do: "order", order: remove })[1], [], "before the call")
})

test("the lobby is full until it gets shorter", () => {
  const [full] = feed(inRoom(holder), { on: "lobby", waiting: [knocker(HIM)] }, { on: "lobby-full" })
  assert.equal(full.state.moderation.lobbyFull, true)
  assert.equal(feed(full, { on: "lobby", waiting: [] })[0].state.moderation.lobbyFull, false)
})

test("a moderator hears of a copied session, and everybody when the meeting will end", () => {
  const [told] = feed(inRoom(holder), { on: "replay", person: HER, at: 1 })
  assert.deepEqual(dids(told), ["replay Anna"])
  assert.ok(told.state.notice?.say === "event" && told.state.notice.event.did === "replay")
  const [m] = feed(inRoom(), { on: "moderated", present: false, endsAt: 99 })
  assert.deepEqual([m.state.moderation.present, m.state.moderation.endsAt], [false, 99])
})

test("an unconfirmed removal is said until it is confirmed", () => {
  const doubt = inRoom({ ...holder, doubted: new Set([HIM]) })
  assert.equal(doubt.state.moderation.unconfirmed, true)
  assert.equal(feed(doubt, there(room(holder)))[0].state.moderation.unconfirmed, false)
})

// ---- Safety code ----

test("the safety code is wanted where the rules say so, and compared once it covers everybody", () => {
  const keys = new Set([ME, HER, HIM])
  const compare = (m: Model) => m.state.moderation.compare
  assert.equal(compare(inRoom()), "none")
  assert.equal(compare(inRoom({}, { verify: true })), "wanted")
  assert.equal(compare(inRoom({ compared: keys }, { verify: true })), "done")
  assert.equal(compare(inRoom({ compared: new Set([ME, HER]) }, { verify: true })), "wanted")
  assert.equal(compare(inRoom({ compared: keys })), "done")
})

test("only a code that is shown is compared; one that does not match ends the call", () => {
  assert.deepEqual(feed(inRoom(), { do: "compared", matches: true })[1], [])
  const code: Report = { on: "code", code: { emoji: ["a"], digits: "1" } }
  assert.deepEqual(feed(inRoom(), code, { do: "compared", matches: true })[1], [{ do: "compared" }])
  assert.deepEqual(feed(inRoom(), code, { on: "epoch" }, { do: "compared", matches: true })[1], [], "of an epoch that is past")
  assert.deepEqual(feed(inRoom(), code, { do: "compared", matches: false })[1], [{ do: "leave" }])
})

// ---- Words, hands, reactions ----

test("what the others would drop is not said", () => {
  const said = (own: Partial<Room["own"]>, rules: Partial<Policy>, to: string | null): boolean =>
    feed(inRoom(own, rules), { do: "say", text: "x", to })[1].length > 0
  assert.deepEqual([said({}, {}, null), said({}, { chat: false }, null), said({}, { chat: false }, HER)], [true, false, true])
  assert.deepEqual([said(viewer, {}, null), said(viewer, {}, HER), said(appointed, { chat: false }, null)], [false, false, true])
})

test("a private line names the other one, on both sides", () => {
  const [m] = feed(
    inRoom(),
    { on: "chat", from: HER, with: HER, text: "psst", at: 1 },
    { on: "chat", from: ME, with: HER, text: "yes?", at: 2 },
    { on: "chat", from: HER, with: null, text: "hello", at: 3 },
  )
  assert.deepEqual(
    m.state.chat.map((l) => [l.name, l.self, l.to]),
    [
      ["Anna", false, "Anna"],
      ["Me", true, "Anna"],
      ["Anna", false, null],
    ],
  )
})

test("a reaction is shown for a moment, and a later one for its own", () => {
  const reaction = (m: Model) => m.state.tiles.find((t) => t.person === HER)?.reaction
  const [once, effects] = feed(inRoom(), { on: "reaction", from: HER, emoji: "👍" })
  const [fade] = effects
  assert.ok(fade?.do === "fade")
  assert.equal(reaction(once), "👍")
  const faded: Report = { on: "faded", person: HER, reaction: fade.reaction }
  assert.equal(reaction(feed(once, faded)[0]), "")
  assert.equal(reaction(feed(once, { on: "reaction", from: HER, emoji: "🎉" }, faded)[0]), "🎉")
})

// ---- Getting in ----

const refused = (code: Extract<Report, { on: "refused" }>["code"], until = 0): Report => ({ on: "refused", code, until })

test("a passphrase is asked for, the wrong one is named so, and waiting is asked for", () => {
  const [wanted, effects] = feed(joining, refused("passphrase"))
  assert.ok(wanted.state.stage.at === "prejoin" && wanted.state.stage.entry.passphrase === "wanted")
  assert.ok(!effects.some((e) => e.do === "release"), "devices stay as they are")
  const [again, join] = feed(wanted, { do: "passphrase", passphrase: "words" }, { do: "join" })
  assert.ok(join.some((e) => e.do === "join" && e.passphrase === "words"))
  const [wrong] = feed(again, refused("passphrase", 50))
  assert.ok(
    wrong.state.stage.at === "prejoin" && wrong.state.stage.entry.passphrase === "wrong" && wrong.state.stage.entry.waitUntil === 50,
  )
  const [slow] = feed(again, refused("throttled", 90))
  assert.ok(slow.state.stage.at === "prejoin" && slow.state.stage.entry.passphrase === "wanted" && slow.state.stage.entry.waitUntil === 90)
  assert.ok(!JSON.stringify(again.state).includes("words"), "it is never drawn")
})

test("a host token is asked of whoever has the moderator link", () => {
  const moderator = feed(first("en", "system", true), { ...link, link: "moderator" }, { do: "name", name: "Me" }, { do: "join" })[0]
  const [wanted] = feed(moderator, refused("host"))
  assert.ok(wanted.state.stage.at === "prejoin" && wanted.state.stage.entry.host === "wanted")
  const [again, join] = feed(wanted, { do: "host", host: "token" }, { do: "join" })
  assert.ok(join.some((e) => e.do === "join" && e.host === "token"))
  const [wrong] = feed(again, refused("host"))
  assert.ok(wrong.state.stage.at === "prejoin" && wrong.state.stage.entry.host === "wrong")
  assert.deepEqual(feed(joining, refused("host"))[0].state.stage, { at: "ended", why: "proof" })
})

test("every other refusal ends the try and says why", () => {
  for (const code of ["proof", "full", "busy", "throttled", "ticket", "early", "late", "used", "barred", "denied"] as const)
    assert.deepEqual(feed(joining, refused(code))[0].state.stage, { at: "ended", why: code })
  assert.deepEqual(feed(joining, refused("generation"))[0].state.stage, { at: "ended", why: "replaced" })
  const [again] = feed(joining, refused("throttled", 70), { do: "again" })
  assert.ok(again.state.stage.at === "prejoin" && again.state.stage.entry.waitUntil === 70)
})

test("who waits sees why, and what moderators write", () => {
  const [m] = feed(
    joining,
    { on: "waiting", for: "moderator" },
    { on: "waiting", for: "admission" },
    { on: "note", text: "soon" },
    { on: "waiting", for: "lock" },
  )
  assert.deepEqual(m.state.stage, { at: "joining", waiting: "lock", notes: ["soon"] })
})

test("who is sent back to the lobby comes again by itself, with the same name, devices off, and nothing of the room", () => {
  const talked = feed(on(inRoom(), "microphone", "camera"), { on: "chat", from: HER, with: null, text: "x", at: 1 })[0]
  const [m, effects] = feed(talked, { on: "renew", why: "lobby" })
  assert.deepEqual(m.state.stage, { at: "joining", waiting: "connection", notes: [] })
  assert.deepEqual(effects, [{ do: "release" }, { do: "join", passphrase: "", host: "" }])
  assert.deepEqual([m.state.name, m.room, m.state.tiles, m.state.chat], ["Me", null, [], []])
  assert.ok(m.state.notice?.say === "event" && m.state.notice.event.did === "lobby" && m.state.notice.event.self)
})

test("a stay that the server has forgotten is begun anew, devices as they are", () => {
  const [m, effects] = feed(on(inRoom(), "microphone"), { on: "renew", why: "expired" })
  assert.equal(m.state.stage.at, "joining")
  assert.deepEqual(effects, [{ do: "join", passphrase: "", host: "" }])
  assert.equal(m.state.devices.microphone, "on")
})

test("who is put outside in the middle of a call has everything off", () => {
  const [m, effects] = feed(on(inRoom(), "camera"), { on: "waiting", for: "admission" })
  assert.deepEqual([m.state.stage.at, m.room, effects], ["joining", null, [{ do: "release" }]])
})

// ---- Meetings, links and invitations ----

const made: Extract<Report, { on: "invited" }> = {
  on: "invited",
  invitation: {
    label: "Anna",
    link: "https://x/#1.a~t",
    viewer: false,
    once: true,
    from: null,
    until: null,
    revoked: false,
    ticketKey: new Uint8Array(32),
    pending: false,
  },
}

test("wishes for a meeting hold until its links are made", () => {
  const start = first("en", "system", true)
  assert.ok(start.state.stage.at === "start")
  const rules = { ...start.state.stage.rules, verify: true, passphrase: "x" }
  const [making, effects] = feed(start, { do: "rules", rules }, { do: "new-meeting" }, { do: "new-meeting" })
  assert.deepEqual(effects, [{ do: "make-links", rules }])
  assert.ok(making.state.stage.at === "start" && making.state.stage.making)
  const [ready] = feed(making, { on: "links", links }, { do: "rules", rules: { ...rules, verify: false } })
  assert.ok(ready.state.stage.at === "start" && ready.state.stage.links === links && ready.state.stage.rules.verify)
  const [failed] = feed(making, { on: "links", links: null })
  assert.ok(failed.state.stage.at === "start" && failed.state.stage.links === null && !failed.state.stage.making)
  assert.deepEqual(
    feed(start, { do: "rules", rules: { ...rules, from: 9, until: 5 } }, { do: "new-meeting" })[1],
    [],
    "ends before it begins",
  )
})

const invite: Action = { do: "invite", label: "Anna", viewer: false, once: true, from: null, until: null }

test("invitations are made where the moderator link is at hand, and nowhere else", () => {
  const start = first("en", "system", true)
  const ready = feed(start, { do: "new-meeting" }, { on: "links", links })[0]
  const makes = (m: Model): boolean => feed(m, invite)[1].some((e) => e.do === "invite")
  assert.deepEqual([start, ready, joining, inRoom(), inRoom(appointed), inRoom(holder)].map(makes), [
    false,
    true,
    false,
    false,
    false,
    true,
  ])
  const [m] = feed(ready, made)
  assert.ok(m.state.stage.at === "start" && m.state.stage.invitations[0]?.label === "Anna")
  assert.ok(!("ticketKey" in m.state.stage.invitations[0]), "what revokes it is not drawn")
})

test("one that is revoked before the meeting is revoked in it as soon as it can be, once", () => {
  const start = feed(first("en", "system", true), { do: "new-meeting" }, { on: "links", links }, made)[0]
  const id = start.invitations[0]?.id ?? 0
  const [revoked, none] = feed(start, { do: "revoke", invitation: id })
  assert.deepEqual(none, [])
  assert.ok(revoked.state.stage.at === "start" && revoked.state.stage.invitations[0]?.revoked)
  const own: Report = { ...link, link: "moderator", own: true }
  const way: Event[] = [own, { do: "name", name: "Me" }, { do: "join" }, there(room(holder))]
  const [there1, early] = feed(revoked, ...way)
  assert.ok(!early.some((e) => e.do === "order"))
  const [live, orders] = feed(there1, { on: "live", at: 1 }, { on: "epoch" })
  assert.deepEqual(
    orders.filter((e) => e.do === "order"),
    [{ do: "order", order: { order: "revoke", ticketKey: made.invitation.ticketKey } }],
  )
  assert.equal(live.state.moderation.invitations[0]?.revoked, true)
  const [other] = feed(revoked, { ...link, link: "moderator", own: false })
  assert.deepEqual(other.invitations, [], "of another meeting")
})

test("a new link is offered once there is one", () => {
  const newer = { ...links, participant: "https://x/#1.a~g" }
  const [m] = feed(inRoom(holder), { on: "generation", number: 1, secret: new Uint8Array(32) }, { on: "linked", links: newer })
  assert.equal(m.state.moderation.renewed, true)
  assert.equal(m.state.links?.participant, newer.participant)
})

test("whoever is put out is not also said to have left", () => {
  const before = room()
  const without = { ...before, members: before.members.filter((m) => m.person !== HIM) }
  for (const how of ["remove", "ban", "lobby"] as const) {
    const [m] = feed(inRoom(), acted({ deed: "remove", person: HIM, how }), there(without))
    assert.equal(m.state.notice?.say, "event", how)
  }
  assert.equal(feed(inRoom(), there(without))[0].state.notice?.say, "left")
})

test("the last moderator who has left still sees what becomes of the meeting; nobody else does", () => {
  const last = withSaid(room(holder, { unmoderated: "end" }), HER, { name: "Anna", moderator: false })
  const [left] = feed(inRoom(), there(last), { on: "ended", why: "left" })
  assert.deepEqual([left.state.moderation.role, left.state.moderation.rules.unmoderated], ["moderator", "end"])
  assert.deepEqual([left.room, left.state.moderation.events.length], [null, 0])
  assert.equal(feed(inRoom(), there(last), { on: "ended", why: "lost" })[0].state.moderation.role, "participant")
  assert.equal(feed(inRoom(holder), { on: "ended", why: "left" })[0].state.moderation.role, "participant", "Anna moderates")
  assert.equal(feed(left, { do: "again" })[0].state.moderation.role, "participant")
})

test("a sound asks for the passphrase of whoever waited for the moderator, and of nobody else", () => {
  const wanted: Report = { on: "refused", code: "passphrase", until: 0 }
  assert.deepEqual(feed(joining, wanted)[1], [{ do: "prepare" }])
  assert.deepEqual(feed(joining, { on: "waiting", for: "moderator" }, wanted)[1], [{ do: "prepare" }, { do: "chime" }])
})
