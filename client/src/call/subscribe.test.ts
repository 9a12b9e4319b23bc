import assert from "node:assert/strict"
import test from "node:test"
import type { ToMedia } from "../../../e2ee/worker/port.ts"
import { Subscribe } from "./subscribe.ts"

class FakeConnection {
  static last: FakeConnection
  connectionState = "connected"
  ontrack: ((event: object) => void) | null = null
  constructor() {
    FakeConnection.last = this
  }
  setRemoteDescription = async () => undefined
  createAnswer = async () => ({ type: "answer", sdp: "v=0\r\n" })
  setLocalDescription = async () => undefined
  close(): void {}
}

const wanted = (person: string, leaf: number) => ({ person, leaf, context: 1, mid: "1", kind: "video" }) as const

/** A connection with video slots of these media ids. */
async function start(...mids: string[]) {
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    RTCRtpScriptTransform: class {},
    MediaStream: class {},
  })
  const binds: Extract<ToMedia, { do: "bind" }>[] = []
  const watches: string[] = []
  const subscribe = new Subscribe({} as Worker, (m) => m.do === "bind" && binds.push(m), {
    answer: () => undefined,
    watch: (slot, w) => void watches.push(`${slot} ${w?.person ?? ""}`),
    changed: () => undefined,
    failed: () => undefined,
  })
  const track = (mid: string): void => FakeConnection.last.ontrack?.({ transceiver: { mid, receiver: {} }, track: { kind: "video" } })
  for (const mid of mids) track(mid)
  await subscribe.offered("v=0\r\n")
  const people = (): string[] => subscribe.showing().map((s) => s.wanted.person)
  return { subscribe, binds, watches, track, people }
}

test("a slot shows one person, however often the server offers it", async () => {
  const { subscribe, binds, track, people } = await start("1")
  track("1")
  subscribe.want([wanted("anna", 1), wanted("bert", 2)])
  assert.deepEqual(
    binds.map((b) => b.from?.leaf),
    [1],
  )
  subscribe.opened(binds[0]?.id ?? "", 1)
  assert.deepEqual(people(), ["anna"])
  subscribe.close()
})

test("a frame of whoever was bound before does not show the slot of the next", async () => {
  const { subscribe, binds, people } = await start("1")
  subscribe.want([wanted("anna", 1)])
  subscribe.want([wanted("bert", 2)])
  const last = binds.at(-1)
  assert.ok(last)
  subscribe.opened(last.id, last.turn - 1) // was on its way
  assert.deepEqual(people(), [])
  subscribe.opened(last.id, last.turn)
  assert.deepEqual(people(), ["bert"])
  subscribe.close()
})

test("somebody who turns tracks on and off all the time does not make this person flood the server", async () => {
  const { subscribe, binds, watches } = await start("1", "2", "3", "4")
  for (let i = 0; i < 500; i++) subscribe.want(i % 2 === 0 ? [wanted("anna", 1)] : [])
  assert.equal(binds.length, 500, "frames follow at once")
  assert.ok(watches.length <= 110, `${watches.length} messages at once`)
  subscribe.close()
})
