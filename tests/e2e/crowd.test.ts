/** A room with more open microphones than anybody receives. */

import assert from "node:assert/strict"
import type { ChildProcess } from "node:child_process"
import test, { after } from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { ask, inCall, turn } from "./harness/meeting.ts"
import { rule, told } from "./harness/orders.ts"
import { compile, start } from "./harness/programs.ts"
import { stage } from "./harness/stage.ts"

const SILENT = 16 // sounds that somebody can receive

const at = stage()
let crowd: ChildProcess | undefined

after(() => crowd?.kill("SIGKILL"))

/** So many headless people with open, silent microphones; resolves when all of them send. */
async function fill(link: string): Promise<ChildProcess> {
  const child = start(compile("tests/crowd"), at.server, "-people", String(SILENT), link)
  let said = ""
  child.stderr.on("data", (text) => {
    said += text
  })
  await Promise.race([
    new Promise((done) => child.stdout.once("data", done)),
    new Promise((_, failed) => child.once("exit", (code) => failed(new Error(`the crowd ended: ${code} ${said}`)))),
  ])
  return child
}

for (const kind of KINDS) {
  test(`whoever speaks is heard in ${kind}, though more microphones are open than anybody receives`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 161, name: "Ada" }, {})
    await rule(ada, "Lobby")
    await told("The lobby is off: whoever has the link comes in.", ada)
    crowd = await fill(meeting.links.participant)
    await ada.until("receives all of the crowd", async () => {
      const sounds = (await ada.streams()).filter((s) => s.side === "receive" && s.kind === "audio" && s.packets > 0)
      return sounds.length === SILENT
    })

    const bob = await meeting.arrive("chromium", { number: 162, name: "Bob" })
    await bob.open(meeting.links.participant)
    await ask(bob, {})
    await inCall(bob)
    await turn(bob, "microphone", true) // the seventeenth
    await ada.hears(bob)
    await ada.until("sees that Bob speaks", async () => (await ada.tileOf("Bob"))?.text.includes("speaking"))

    const left = new Promise((done) => crowd?.once("exit", done))
    crowd.stdin?.end()
    assert.equal(await left, 0)
    await meeting.end()
  })
}
