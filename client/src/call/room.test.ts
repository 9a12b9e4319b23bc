import assert from "node:assert/strict"
import test from "node:test"
import { CAMERA, MICROPHONE } from "../../../e2ee/worker/port.ts"
import { EMPTY, NO_MEDIA, type Room, wanted, withMembers, withoutPresence, withPresence, withSaid } from "./room.ts"
import { assign, type Slot } from "./slots.ts"
import { tiles } from "./tiles.ts"

const member = (person: string, leaf: number, self = false, key = person) => ({ person, leaf, self, emoji: "", key })
const AUDIO = { mid: "0", kind: "audio" }
const VIDEO = { mid: "1", kind: "video" }

const two = (): Room => {
  let r = withMembers(EMPTY, [member("me", 0, true), member("anna", 1)])
  r = withPresence(r, "anna", { tracks: [AUDIO, VIDEO] })
  return withSaid(r, "anna", { name: "Anna", moderator: false, media: { ...NO_MEDIA, microphone: "0", camera: "1" } })
}

const self = { name: "Me", moderator: true, microphone: false, camera: null, screen: null, speaking: false }

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
  assert.ok(!tiles(r, [], new Set(), self).some((t) => t.person === "ghost"))
})

test("who can still open what is said is shown, even if the server says that they left or never came", () => {
  const shown = (r: Room) => tiles(r, [], new Set(), self).map((t) => [t.person, t.away])
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
  const tile = tiles(taken, [], new Set(), self).find((t) => t.person === "anna")
  assert.deepEqual([tile?.name, tile?.moderator, tile?.camera], ["", false, false])
})

test("a removed member's words are forgotten", () => {
  const r = withMembers(two(), [member("me", 0, true)])
  assert.equal(r.said.size, 0)
})

test("this person's tile is first and follows the own devices", () => {
  const all = tiles(withMembers(two(), [member("anna", 1), member("me", 0, true)]), [], new Set(["anna"]), { ...self, microphone: true })
  assert.deepEqual(
    all.map((t) => [t.person, t.self, t.microphone, t.speaking, t.moderator]),
    [
      ["me", true, true, false, true],
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
