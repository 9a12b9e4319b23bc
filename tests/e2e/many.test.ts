/** A room with more cameras on than a connection usually has slots for. */

import assert from "node:assert/strict"
import test, { after } from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { Crowd } from "./harness/crowd.ts"
import { rule, told } from "./harness/orders.ts"
import { stage } from "./harness/stage.ts"

const PEOPLE = 34
const LARGE = { width: 1920, height: 1080 }

const at = stage()
let crowd: Crowd | undefined

after(() => crowd?.kill())

for (const kind of KINDS) {
  test(`${kind} shows ${PEOPLE} pictures at once on a large screen`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 171, name: "Ada", viewport: LARGE }, {})
    await rule(ada, "Lobby")
    await told("The lobby is off: whoever has the link comes in.", ada)
    crowd = await Crowd.fill(at.server, meeting.links.participant, PEOPLE, "camera")

    await ada.until("sees a picture of everybody in the crowd", async () => {
      const seen = (await ada.tiles()).filter((t) => t.videos.some((v) => v.visible && v.width > 0))
      return seen.length === PEOPLE
    })
    await ada.until("decodes them all, on one connection", async () => {
      const decoded = (await ada.streams()).filter((s) => s.side === "receive" && s.kind === "video" && s.frames >= 10)
      const connections = await ada.page.evaluate(() => window.probe.peers.filter((p) => p.connectionState === "connected").length)
      return decoded.length === PEOPLE && connections === 2
    })
    const asked = (await ada.sent()).filter((m) => m.startsWith('{"t":"subscribe"'))
    assert.deepEqual(asked, ['{"t":"subscribe"}', '{"t":"subscribe","pictures":49}'], "and asked for them once")

    // The one connection took over from the other: nothing was lost, nothing came twice.
    const lost = await ada.page.evaluate(() => window.probe.got.filter((m) => m.startsWith('{"t":"lost"')))
    assert.deepEqual(lost, [])
    await ada.openedAll()

    await crowd.leave()
    await meeting.end()
  })
}
