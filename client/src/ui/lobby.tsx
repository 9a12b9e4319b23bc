import type { VNode } from "preact"
import { useState } from "preact/hooks"
import type { Waiting } from "../call/state.ts"
import { emojiName, symbols } from "./emoji.ts"
import { Drawn } from "./icons.tsx"
import { Button, onEscape } from "./parts.tsx"
import { hue, initials } from "./person.ts"
import type { View } from "./view.ts"

const LONGEST_NOTE = 125 // characters: at most 500 bytes
const AT_ONCE = 64 // people one admission can name

const focus = (id: string): void => document.getElementById(id)?.focus()

/** Whom one can still decide about. */
export const undecided = (lobby: readonly Waiting[]): Waiting[] => lobby.filter((waiting) => !waiting.asked)

export function admitAll({ state, act }: View): void {
  const people = undecided(state.moderation.lobby).map((waiting) => waiting.person)
  for (let i = 0; i < people.length; i += AT_ONCE) {
    act({ do: "order", order: { order: "admit", people: people.slice(i, i + AT_ONCE) } })
  }
}

/** Those who wait, for moderators. */
export const Lobby = (view: View): VNode => {
  const { lobby, lobbyFull, rules } = view.state.moderation
  const { say } = view
  return (
    <section class="lobby" aria-labelledby="lobby-title" data-empty={lobby.length === 0}>
      <div class="section-head">
        <h3 id="lobby-title" tabIndex={-1}>
          {say("lobby.title")}
        </h3>
        {undecided(lobby).length > 1 && (
          <Button
            kind="main"
            onClick={() => {
              admitAll(view)
              focus("lobby-title")
            }}
          >
            {say("lobby.admit-all")}
          </Button>
        )}
      </div>
      {rules.banned && lobby.length > 0 && (
        <p class="caution">
          <Drawn icon="warning" />
          <span>{say("lobby.banned")}</span>
        </p>
      )}
      {lobby.length === 0 ? (
        <p class="hint">{say(rules.locked ? "lobby.locked" : rules.lobby ? "lobby.empty" : "lobby.off")}</p>
      ) : (
        // biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets
        <ul role="list">
          {lobby.map((waiting) => (
            <Item key={waiting.person} waiting={waiting} view={view} />
          ))}
        </ul>
      )}
      {lobbyFull && <p class="hint">{say("lobby.full")}</p>}
    </section>
  )
}

const Item = ({ waiting, view }: { waiting: Waiting; view: View }): VNode => {
  const { state, act, say } = view
  const { person, name, emoji, asked } = waiting
  const [writing, setWriting] = useState(false)
  const id = `waiting-${person}`
  const decide = (order: { order: "deny"; person: string } | { order: "admit"; people: string[] }): void => {
    act({ do: "order", order })
    focus("lobby-title") // the button goes away
  }
  return (
    <li class="person hued" style={{ "--hue": hue(person) }} data-waiting={person} aria-labelledby={id}>
      <span class="face" aria-hidden="true">
        {initials(name) || "…"}
      </span>
      <span class="person-words">
        <bdi class="person-name" id={id}>
          {name || say("lobby.nameless")}
        </bdi>
        <Facts waiting={waiting} view={view} />
        <span
          class="person-key"
          role="img"
          aria-label={say("people.key", {
            emoji: symbols(emoji)
              .map((symbol) => emojiName(symbol, state.language))
              .join(", "),
          })}
        >
          {emoji}
        </span>
      </span>
      {asked ? (
        <span class="soft" role="status">
          {say("lobby.asked")}
        </span>
      ) : (
        <div class="acts">
          <Button kind="main" about={id} onClick={() => decide({ order: "admit", people: [person] })}>
            {say("lobby.admit")}
          </Button>
          <Button about={id} onClick={() => decide({ order: "deny", person })}>
            {say("lobby.deny")}
          </Button>
          <Button kind="quiet" about={id} icon="chat" onClick={() => setWriting(!writing)}>
            {say("lobby.note")}
          </Button>
        </div>
      )}
      {writing && <Note view={view} person={person} name={name} onDone={() => setWriting(false)} />}
    </li>
  )
}

/** What the ticket says, if there is one. */
const Facts = ({ waiting, view: { say } }: { waiting: Waiting; view: View }): VNode | null => {
  if (!waiting.ticket && !waiting.viewer) return null
  return (
    <span class="person-facts">
      {waiting.ticket && (
        <span>
          <Drawn icon="ticket" />
          {waiting.label === "" ? say("lobby.ticket") : say("lobby.label", { label: waiting.label })}
        </span>
      )}
      {waiting.viewer && (
        <span>
          <Drawn icon="eye" />
          {say("role.viewer")}
        </span>
      )}
    </span>
  )
}

/** A line to somebody who waits. There is no answer: they are not in yet. */
const Note = ({ view: { act, say }, person, name, onDone }: { view: View; person: string; name: string; onDone: () => void }): VNode => {
  const send = (event: SubmitEvent & { currentTarget: HTMLFormElement }): void => {
    event.preventDefault()
    const text = new FormData(event.currentTarget).get("note")
    if (typeof text !== "string" || text.trim() === "") return
    act({ do: "order", order: { order: "note", person, text: text.trim() } })
    focus("lobby-title")
    onDone()
  }
  return (
    <form class="row note" onSubmit={send} onKeyDown={onEscape(onDone)}>
      <input
        name="note"
        ref={(field) => field?.focus()}
        maxLength={LONGEST_NOTE}
        aria-label={say("lobby.note-to", { name: name || say("lobby.nameless") })}
        placeholder={say("chat.message")}
        autocomplete="off"
        required
      />
      <Button submit>{say("chat.send")}</Button>
    </form>
  )
}
