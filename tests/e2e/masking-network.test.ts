/** What masking asks of the network: once, of its own server, for what it is built of; then nothing. */

import assert from "node:assert/strict"
import test, { after } from "node:test"
import { facing } from "./harness/faced.ts"
import { seen } from "./harness/facing.ts"
import type { Meeting } from "./harness/meeting.ts"
import type { Arriving, Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"
import { Trap, trapped } from "./harness/trap.ts"

const at = stage(async () => ({}), trapped)
let setting: Promise<Trap> | undefined

/** The one of this file, with nothing in it yet. */
async function emptied(): Promise<Trap> {
  setting ??= Trap.set(at.server)
  const trap = await setting
  trap.asked.length = 0
  trap.foreign.length = 0
  return trap
}
after(async () => (await setting)?.close())

/** What was asked for since then but the script of the workers: theirs is small, and on a busy machine they begin anew. */
const since = (trap: Trap, before: number): string[] => trap.asked.slice(before).filter((line) => line !== "GET /mask.js")

/** For so long (ms) nothing may be asked for. */
const LONG = 90_000

/** Faces masked and the background blurred from the start: everything that has a network is at work. */
const wishing = (): string => `(${wishes.toString()})()`

function wishes(): void {
  if (navigator.mediaDevices === undefined) return // the blank page before the first
  sessionStorage.setItem("paravent", JSON.stringify({ masking: { strength: "faces", fill: "pattern", background: "blur" } }))
}

const somebody = (number: number, name: string): Arriving => ({ number, name, scripts: [facing(), wishing()] })
const ADA = somebody(81, "Ada")
const BOB = somebody(82, "Bob")

const watch = (by: Person, name: string): Promise<void> => by.page.evaluate((whom) => window.faced.watch(whom), name)

/** One in each browser; each sees the other masked. */
async function both(meeting: Meeting): Promise<[Person, Person]> {
  const ada = await meeting.host("chromium", ADA, { camera: true })
  const bob = await meeting.guest("firefox", BOB, { camera: true })
  await watch(ada, "Bob")
  await watch(bob, "Ada")
  for (const by of [ada, bob]) assert.equal((await seen(by, 10)).exposed, 0)
  return [ada, bob]
}

test("in 90 s of masking no browser asks for anything", async () => {
  const trap = await emptied()
  const meeting = at.meeting()
  const [ada, bob] = await both(meeting)
  for (const name of ["ultraface.onnx", "blazeface.onnx", "selfie.onnx", "runtime.wasm"]) {
    const times = trap.asked.filter((line) => line === `GET /mask-${name}`).length
    assert.equal(times, 2, `${name} is fetched once by each, through the trap`)
  }
  assert.equal(trap.asked.filter((line) => line.startsWith("WS ")).length, 2, "a WebSocket each")
  const before = trap.asked.length
  const end = Date.now() + LONG
  while (Date.now() < end) for (const by of [ada, bob]) assert.equal((await seen(by, 10)).exposed, 0)
  assert.deepEqual(since(trap, before), [], "nothing more is asked of the server")
  assert.deepEqual(trap.foreign, [], "nothing was ever asked of others")
  await meeting.end()
})

test("networks that came once are not fetched again when masks are taken off and put on", async () => {
  const trap = await emptied()
  const meeting = at.meeting()
  const [ada, bob] = await both(meeting)
  const before = trap.asked.length
  trap.unreachable = /^\/mask-/
  const masked = async (by: Person): Promise<void> => {
    await by.page.evaluate(() => window.faced.take())
    assert.equal((await seen(by, 10)).exposed, 0)
  }
  for (const [by, of] of [
    [ada, bob],
    [bob, ada],
  ] as const) {
    await of.click("Mask faces")
    await of.click("Stop masking")
    await by.until("sees the face", async () => (await by.page.evaluate(() => window.faced.take())).exposed > 0)
    await of.click("Mask faces")
    await by.seesNoPictureOf(of)
    await masked(by)
  }
  assert.deepEqual(since(trap, before), [], "nothing is asked for")
  await meeting.end()
})
