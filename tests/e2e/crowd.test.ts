/** A room with more open microphones than anybody receives. */

import test, { after } from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { Crowd } from "./harness/crowd.ts"
import { ask, inCall, turn } from "./harness/meeting.ts"
import { rule, told } from "./harness/orders.ts"
import { stage } from "./harness/stage.ts"

const SILENT = 16 // sounds that somebody can receive

const WIDE = { width: 1280, height: 800 } // everybody on one page

const at = stage()
let crowd: Crowd | undefined

after(() => crowd?.kill())

for (const kind of KINDS) {
  test(`whoever speaks is heard in ${kind}, though more microphones are open than anybody receives`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 161, name: "Ada", viewport: WIDE }, {})
    await rule(ada, "Lobby")
    await told("The lobby is off: whoever has the link comes in.", ada)
    crowd = await Crowd.fill(at.server, meeting.links.participant, SILENT, "microphone")
    await ada.until("receives all of the crowd", async () => {
      const sounds = (await ada.streams()).filter((s) => s.side === "receive" && s.kind === "audio" && s.packets > 0)
      return sounds.length === SILENT
    })

    const bob = await meeting.arrive("chromium", { number: 162, name: "Bob", viewport: WIDE })
    await bob.open(meeting.links.participant)
    await ask(bob, {})
    await inCall(bob)
    await turn(bob, "microphone", true) // the seventeenth
    await bob.until("knows of the crowd's microphones and his own", async () => {
      const open = (await bob.tiles()).filter((tile) => tile.text.includes("microphone on"))
      return open.length === SILENT + 1
    })
    await ada.hears(bob)
    await ada.until("sees that Bob speaks", async () => (await ada.tileOf("Bob"))?.text.includes("speaking"))

    await crowd.leave()
    await meeting.end()
  })
}
