/** What most files of tests need: a server and both browsers, for as long as the file runs. */

import { after, before } from "node:test"
import { Browsers, type Starting as Launching } from "./browsers.ts"
import { Meeting } from "./meeting.ts"
import { Server, type Starting } from "./server.ts"

export class Stage {
  readonly browsers: Browsers
  #server: Server | undefined

  constructor(how: () => Promise<Starting>, launching: Launching) {
    this.browsers = new Browsers(launching)
    before(async () => {
      this.#server = await Server.start(await how())
    })
    after(async () => {
      await this.browsers.close()
      await this.#server?.stop()
    })
  }

  get server(): Server {
    if (this.#server === undefined) throw new Error("the server runs while tests do")
    return this.#server
  }

  meeting(): Meeting {
    return new Meeting(this.server, this.browsers)
  }
}

/** Starts them before the first test of a file and ends them after the last. */
export const stage = (how: () => Promise<Starting> = async () => ({}), launching: Launching = {}): Stage => new Stage(how, launching)
