/** One WebSocket to the server: strict messages in and out, and a dead one is noticed. */

import { type ClientMessage, decodeServer, encodeClient, type ServerMessage, subprotocol } from "./messages.gen.ts"

/** A connection over which nothing came for one to two of these is dead. The server answers every ping. */
const HEARTBEAT_MS = 4000

/** How the connection ended, where the server did not say: no answer, or a message that is not in the protocol. */
const CLOSED_DEAD = 0
export const CLOSED_MALFORMED = -1

export interface Socket {
  send(message: ClientMessage): void
  /** Ends the connection; `closed` is not called for it. */
  close(): void
}

export interface Heard {
  message(message: ServerMessage): void
  /** Called once. A close code of signaling/PROTOCOL.md, or one of the above. */
  closed(code: number): void
}

/** Connects to url (wss:). Messages sent before it is open are an error of the caller: the server speaks first. */
export function connect(url: string, heard: Heard): Socket {
  const ws = new WebSocket(url, subprotocol)
  let open = true
  let asked = false
  const beat = setInterval(() => {
    if (asked) return end(CLOSED_DEAD)
    asked = true
    if (ws.readyState === WebSocket.OPEN) ws.send(encodeClient({ t: "ping" }))
  }, HEARTBEAT_MS)

  // A dead network never answers the closing handshake: the end is told at
  // once and the socket is left to time out by itself.
  function end(code: number | null): void {
    if (!open) return
    open = false
    clearInterval(beat)
    ws.close()
    if (code !== null) heard.closed(code)
  }

  ws.onmessage = ({ data }) => {
    if (!open) return
    asked = false
    let message: ServerMessage
    try {
      message = decodeServer(data)
    } catch {
      return end(CLOSED_MALFORMED)
    }
    if (message.t !== "pong") heard.message(message)
  }
  ws.onclose = ({ code }) => end(code === 1006 ? CLOSED_DEAD : code)
  return {
    send: (message) => {
      if (open && ws.readyState === WebSocket.OPEN) ws.send(encodeClient(message))
    },
    close: () => end(null),
  }
}
