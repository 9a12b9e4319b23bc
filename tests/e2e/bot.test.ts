/** The headless person in Go and the browsers in one meeting: two implementations that only the protocol joins. */

import assert from "node:assert/strict"
import type { ChildProcess } from "node:child_process"
import test, { after, before } from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { chooseCodec, codeOf, type Meeting, reads, say } from "./harness/meeting.ts"
import { compile, start } from "./harness/programs.ts"
import type { Server } from "./harness/server.ts"
import { stage } from "./harness/stage.ts"

const at = stage()
const started: ChildProcess[] = []
const programs = new Map<string, string>()

before(() => {
  for (const name of ["echo", "mirror"]) programs.set(name, compile(`bot/examples/${name}`))
})

after(() => {
  for (const child of started) child.kill("SIGKILL")
})

/** Starts an example, as docs/bots.en.md says, and lets it in. */
async function arrives(example: string, name: string, meeting: Meeting, server: Server): Promise<ChildProcess> {
  const child = start(programs.get(example) ?? "", server, "-name", name, meeting.links.participant)
  started.push(child)
  await meeting.admit({ name })
  return child
}

/** Ends an example as Ctrl+C does; it must have said nothing. */
async function leaves(child: ChildProcess): Promise<void> {
  let said = ""
  child.stderr?.on("data", (text) => {
    said += text
  })
  const ended = new Promise<number | null>((done) => child.once("exit", done))
  child.kill("SIGINT")
  assert.equal(await ended, 0, said)
}

for (const kind of KINDS) {
  test(`a program and ${kind} read each other and see one safety code`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 21, name: "Ada" }, {})
    const echo = await arrives("echo", "Echo", meeting, at.server)
    await ada.seesPeople("Ada", "Echo")
    await reads(ada, "Hello, Ada.")
    await say(ada, "!say good morning")
    await reads(ada, "Ada says: good morning")
    await say(ada, "!code")
    await reads(ada, `I see ${await codeOf(ada)}`)
    await leaves(echo)
    await ada.seesPeople("Ada")
    await meeting.end()
  })

  test(`a program opens what ${kind} sends and seals what it opens`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 22, name: "Ada" })
    await chooseCodec(ada, "VP8")
    const mirror = await arrives("mirror", "Mirror", meeting, at.server)
    await ada.seesPeople("Ada", "Mirror")
    // The picture in the mirror's tile is her own.
    await ada.sees({ name: "Mirror", number: 22 })
    await ada.hears({ name: "Mirror", tone: ada.tone })
    await ada.openedAll()
    await leaves(mirror)
    await ada.seesPeople("Ada")
    await meeting.end()
  })
}
