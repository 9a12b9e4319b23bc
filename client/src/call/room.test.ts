import assert from "node:assert/strict"
import test from "node:test"
import { CAMERA, MICROPHONE, SCREEN, SCREEN_AUDIO } from "../../../e2ee/worker/port.ts"
import {
  covers,
  EMPTY,
  keysOf,
  NO_MEDIA,
  type Room,
  sendable,
  wanted,
  withMembers,
  withOwn,
  withoutPresence,
  withPresence,
  withSaid,
} from "./room.ts"
import type { Rules } from "./rules.ts"
import { assign, type Slot } from "./slots.ts"
import { hands, tiles } from "./tiles.ts"

const member = (person: string, leaf: number, self = false, key = person) => ({ person, leaf, self, viewer: false, emoji: "", key })
const AUDIO = { mid: "0", kind: "audio" }
const VIDEO = { mid: "1", kind: "video" }

const two = (): Room => {
  let r = withMembers(EMPTY, [member("me", 0, true), member("anna", 1)])
  r = withPresence(r, "anna", { tracks: [AUDIO, VIDEO] })
  return withSaid(r, "anna", { name: "Anna", moderator: false, media: { ...NO_MEDIA, microphone: "0", camera: "1" } })
}

const quiet = { speaking: new Set<string>(), reactions: new Map<string, string>() }
const self = { name: "Me", microphone: false, camera: null, masked: "off", screen: null, speaking: false } as const

test("what somebody says they send and the server has is wanted, with the leaf and context it must come from", () => {
  assert.deepEqual(
    wanted(two()).map((w) => [w.person, w.leaf, w.context, w.mid, w.kind]),
    [
      ["anna", 1, MICROPHONE, "0", "audio"],
      ["anna", 1, CAMERA, "1", "video"],
    ],
  )
})

test("a track that was not announced end to end is not wanted, whatever the server says", () => {
  const r = withPresence(two(), "anna", { tracks: [AUDIO, VIDEO, { mid: "7", kind: "video" }] })
  assert.equal(wanted(r).length, 2)
})

test("somebody the server adds without a leaf is neither wanted nor shown", () => {
  let r = withPresence(two(), "ghost", { tracks: [VIDEO] })
  r = withSaid(r, "ghost", { name: "Ghost", moderator: true, media: { ...NO_MEDIA, camera: "1" } })
  assert.ok(!wanted(r).some((w) => w.person === "ghost"))
  assert.ok(!tiles(r, [], quiet, self).some((t) => t.person === "ghost"))
})

test("who can still open what is said is shown, even if the server says that they left or never came", () => {
  const shown = (r: Room) => tiles(r, [], quiet, self).map((t) => [t.person, t.away])
  assert.deepEqual(shown(withoutPresence(two(), "anna")), [
    ["me", false],
    ["anna", true],
  ])
  assert.deepEqual(shown(withMembers(EMPTY, [member("me", 0, true), member("ghost", 1)])), [
    ["me", false],
    ["ghost", true],
  ])
  assert.deepEqual(shown(withMembers(withoutPresence(two(), "anna"), [member("me", 0, true)])), [["me", false]])
})

test("who takes the id of another inherits neither name nor star nor media", () => {
  const honest = withSaid(two(), "anna", { name: "Anna", moderator: true, media: { ...NO_MEDIA, camera: "1" } })
  assert.equal(withMembers(honest, [member("me", 0, true), member("anna", 1)]).said.get("anna")?.moderator, true)
  const taken = withMembers(honest, [member("me", 0, true), member("anna", 1, false, "mallory")])
  assert.equal(taken.said.get("anna"), undefined)
  assert.equal(wanted(taken).length, 0)
  const tile = tiles(taken, [], quiet, self).find((t) => t.person === "anna")
  assert.deepEqual([tile?.name, tile?.moderator, tile?.camera], ["", false, false])
})

test("a tile says what is covered in somebody's camera, as they say with the picture, and nothing without one", () => {
  const tile = (r: Room) => tiles(r, [], quiet, self).find((t) => t.person === "anna")?.masked
  const says = (mask?: "faces" | "body") => withSaid(two(), "anna", { media: { ...NO_MEDIA, camera: "1", ...(mask && { mask }) } })
  assert.deepEqual([tile(says()), tile(says("faces")), tile(says("body"))], ["off", "faces", "body"])
  assert.equal(tile(withSaid(says("body"), "anna", { media: NO_MEDIA })), "off")
  assert.equal(tile(withMembers(says("body"), [member("me", 0, true), { ...member("anna", 1), viewer: true }])), "off")
  assert.equal(tile(withMembers(says("body"), [member("me", 0, true), member("anna", 1, false, "mallory")])), "off")
  const own = (camera: MediaStream | null) => tiles(two(), [], quiet, { ...self, masked: "faces", camera })[0]?.masked
  assert.deepEqual([own(null), own({} as MediaStream)], ["off", "faces"])
})

test("where the room wants masks, a camera that says it has none is neither received nor shown, a moderator's neither", () => {
  const masked: Rules = { ...EMPTY.rules, masked: true }
  for (const moderator of [false, true]) {
    const of = (rules: Rules, mask?: "faces" | "body") => {
      const media = { ...NO_MEDIA, microphone: "0", camera: "1", ...(mask && { mask }) }
      const r = { ...withSaid(two(), "anna", { moderator, media }), rules }
      const [anna] = wanted(two()).filter((w) => w.context === CAMERA)
      assert.ok(anna)
      const tile = tiles(r, [{ wanted: anna, stream: {} as MediaStream }], quiet, self).find((t) => t.person === "anna")
      return [wanted(r).map((w) => w.context), tile?.video !== null, tile?.unmasked]
    }
    assert.deepEqual(of(masked), [[MICROPHONE], false, true])
    assert.deepEqual(of(masked, "faces"), [[MICROPHONE, CAMERA], true, false])
    assert.deepEqual(of(masked, "body"), [[MICROPHONE, CAMERA], true, false])
    assert.deepEqual(of(EMPTY.rules), [[MICROPHONE, CAMERA], true, false])
  }
  const off = { ...withSaid(two(), "anna", { media: NO_MEDIA }), rules: masked }
  assert.equal(tiles(off, [], quiet, self).find((t) => t.person === "anna")?.unmasked, false)
})

test("a removed member's words are forgotten", () => {
  const r = withMembers(two(), [member("me", 0, true)])
  assert.equal(r.said.size, 0)
})

test("this person's tile is first and follows the own devices", () => {
  const all = tiles(
    withMembers(two(), [member("anna", 1), member("me", 0, true)]),
    [],
    { ...quiet, speaking: new Set(["anna"]) },
    { ...self, microphone: true },
  )
  assert.deepEqual(
    all.map((t) => [t.person, t.self, t.microphone, t.speaking, t.moderator]),
    [
      ["me", true, true, false, false],
      ["anna", false, true, true, false],
    ],
  )
})

const slots = (): Slot[] => [
  { mid: "v0", kind: "video", shows: null },
  { mid: "v1", kind: "video", shows: null },
  { mid: "a0", kind: "audio", shows: null },
]

test("tracks go to free slots of their kind and stay there", () => {
  const w = wanted(two())
  const once = assign(slots(), w)
  const at = (all: readonly Slot[], mid: string) => all.find((s) => s.mid === mid)?.shows?.context ?? null
  assert.equal(at(once, "a0"), MICROPHONE)
  assert.equal(at(once, "v0"), CAMERA)
  assert.deepEqual(assign(once, w), once)
})

test("a slot that was just emptied is the last to be used again", () => {
  const [, camera] = wanted(two())
  assert.ok(camera)
  const other = { ...camera, person: "bert", leaf: 2 }
  const swapped = assign(assign(slots(), [camera]), [other])
  assert.equal(swapped.find((s) => s.shows !== null)?.mid, "v1")
})

test("more tracks than slots: the rest is left out, nothing is shown twice", () => {
  const [, camera] = wanted(two())
  assert.ok(camera)
  const many = ["a", "b", "c", "d"].map((person, leaf) => ({ ...camera, person, leaf }))
  const shown = assign(slots(), many).flatMap((s) => (s.shows === null ? [] : [s.shows.person]))
  assert.deepEqual(shown.sort(), ["a", "b"])
})

// ---- Under rules ----

const MEDIA = { microphone: "0", camera: "1", screen: "2", screenAudio: "3" }
const TRACKS = [AUDIO, VIDEO, { mid: "2", kind: "video" }, { mid: "3", kind: "audio" }]

/** Anna sends everything there is. */
const full = (rules: Partial<Rules> = {}, anna: { moderator?: boolean; viewer?: boolean } = {}): Room => {
  let r = withMembers(EMPTY, [member("me", 0, true), { ...member("anna", 1), viewer: anna.viewer === true }])
  r = withSaid(withPresence(r, "anna", { tracks: TRACKS }), "anna", { name: "Anna", moderator: anna.moderator === true, media: MEDIA })
  return { ...r, rules: { ...r.rules, ...rules } }
}
const contexts = (r: Room) => wanted(r).map((w) => w.context)

test("who may not speak is not heard, by silence or by a quiet room, unless allowed or a moderator", () => {
  const hushed = [CAMERA, SCREEN]
  assert.deepEqual(contexts(full()), [MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO])
  assert.deepEqual(contexts(full({ silenced: new Set(["anna"]) })), hushed)
  assert.deepEqual(contexts(full({ quiet: true })), hushed)
  assert.equal(contexts(full({ quiet: true, speakers: new Set(["anna"]) })).length, 4)
  assert.equal(contexts(full({ quiet: true, silenced: new Set(["anna"]) }, { moderator: true })).length, 4)
  assert.deepEqual(contexts(full({ quiet: true, silenced: new Set(["anna"]), speakers: new Set(["anna"]) })), hushed)
})

test("where sharing is off no screen is received but a moderator's", () => {
  assert.deepEqual(contexts(full({ share: false })), [MICROPHONE, CAMERA])
  assert.equal(contexts(full({ share: false }, { moderator: true })).length, 4)
})

test("nothing of a viewer is received, even one that says it moderates", () => {
  assert.deepEqual(contexts(full({}, { viewer: true })), [])
  assert.deepEqual(contexts(full({}, { viewer: true, moderator: true })), [])
})

test("what this person may send, in every standing", () => {
  const of = (rules: Partial<Rules>, own: Partial<Room["own"]> = {}) => [...sendable(withOwn(full(rules), own))].sort()
  const all = [MICROPHONE, CAMERA, SCREEN, SCREEN_AUDIO]
  assert.deepEqual(of({}), all)
  assert.deepEqual(of({}, { role: "viewer" }), [])
  assert.deepEqual(of({}, { doubted: new Set(["anna"]) }), [])
  assert.deepEqual(of({ quiet: true }), [CAMERA, SCREEN])
  assert.deepEqual(of({ quiet: true }, { role: "moderator" }), all)
  assert.deepEqual(of({ silenced: new Set(["me"]) }), [CAMERA, SCREEN])
  assert.deepEqual(of({ share: false }), [MICROPHONE, CAMERA])
  assert.deepEqual(of({ verify: true }), [])
  assert.deepEqual(of({ verify: true }, { role: "moderator" }), [])
  assert.deepEqual(of({ verify: true }, { compared: new Set(["me", "anna"]) }), all)
  assert.deepEqual(of({ verify: true }, { compared: new Set(["me", "anna"]), role: "viewer" }), [])
  assert.deepEqual([...sendable(EMPTY)], [], "before its place in the group is known")
})

test("a comparison covers who was there under the same key, and nobody who came since", () => {
  const compared = keysOf([member("me", 0, true), member("anna", 1), member("bert", 2)])
  assert.equal(covers(null, []), false)
  assert.equal(covers(compared, [member("me", 0, true), member("anna", 1)]), true)
  assert.equal(covers(compared, [member("me", 0, true), member("anna", 1, false, "mallory")]), false)
  assert.equal(covers(compared, [member("me", 0, true), member("carl", 3)]), false)
})

test("hands stand in the order in which they were raised, and of one moment by person", () => {
  let r = withMembers(
    EMPTY,
    ["me", "zoe", "anna", "bert"].map((p, i) => member(p, i, p === "me")),
  )
  for (const [person, hand] of [
    ["zoe", 5],
    ["anna", 7],
    ["bert", 5],
  ] as const)
    r = withSaid(r, person, { hand })
  assert.deepEqual(hands(withOwn(r, { hand: 6 })), ["bert", "zoe", "me", "anna"])
  const places = tiles(withOwn(r, { hand: 6 }), [], quiet, self).map((t) => [t.person, t.hand])
  assert.deepEqual(places, [
    ["me", 3],
    ["zoe", 2],
    ["anna", 4],
    ["bert", 1],
  ])
})

test("a tile says what its person is and may", () => {
  const tile = (r: Room) => tiles(r, [], { speaking: new Set(["anna"]), reactions: new Map([["anna", "🎉"]]) }, self).find((t) => !t.self)
  assert.equal(tile(full())?.role, "participant")
  assert.equal(tile(full({}, { moderator: true }))?.role, "moderator")
  assert.equal(tile(full())?.reaction, "🎉")
  const viewer = tile(full({}, { viewer: true }))
  assert.deepEqual([viewer?.role, viewer?.camera, viewer?.microphone, viewer?.speaking], ["viewer", false, false, false])
  const hushed = tile(full({ quiet: true }))
  assert.deepEqual([hushed?.maySpeak, hushed?.microphone, hushed?.speaking], [false, false, false])
})
