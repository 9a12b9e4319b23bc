import type { VNode } from "preact"
import type { Links, PersonId, Tile } from "../call/state.ts"
import { clock } from "../i18n.ts"
import { Actions } from "./actions.tsx"
import { emojiName, symbols } from "./emoji.ts"
import { deed } from "./events.ts"
import { Drawn } from "./icons.tsx"
import { Invitations } from "./invitations.tsx"
import { Lobby } from "./lobby.tsx"
import { PanelFrame } from "./panel.tsx"
import { Button, Spoken, Twice } from "./parts.tsx"
import { hue, initials } from "./person.ts"
import { EndForAll, QuickTools, Rules } from "./tools.tsx"
import type { View } from "./view.ts"

interface Props {
  readonly view: View
  readonly onWrite: (person: PersonId) => void // privately
}

/** Who is here and who waits, what moderators can do about it, and the links to bring somebody else. */
export const People = ({ view, onWrite }: Props): VNode => {
  const { state, say } = view
  const moderator = state.moderation.role === "moderator"
  return (
    <PanelFrame view={view} panel="people" title={say("people.title")}>
      <div class="panel-body">
        {/* Above the lobby, which grows and shrinks: what was meant for somebody who waits must not hit everybody. */}
        {moderator && <QuickTools {...view} />}
        {moderator && <Lobby {...view} />}
        {moderator && <Rules {...view} />}
        <section aria-labelledby="here-title">
          <h3 id="here-title" class="soft">
            {say("people.count.other", { n: state.tiles.length })}
          </h3>
          {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets */}
          <ul class="people" role="list">
            {state.tiles.map((tile) => (
              <Person key={tile.person} tile={tile} view={view} onWrite={onWrite} />
            ))}
          </ul>
          <p class="hint">{say("people.key-more")}</p>
        </section>
        <Events {...view} />
        {state.links !== null && <Invite view={view} links={state.links} />}
        {moderator && <EndForAll {...view} />}
      </div>
    </PanelFrame>
  )
}

const Person = ({ tile, view, onWrite }: { tile: Tile } & Props): VNode => {
  const { state, say } = view
  const words = symbols(tile.emoji).map((symbol) => emojiName(symbol, state.language))
  const id = `person-${tile.person}`
  return (
    <li class="person hued" style={{ "--hue": hue(tile.person) }} data-member={tile.person} data-away={tile.away} aria-labelledby={id}>
      <span class="face" aria-hidden="true">
        {initials(tile.name) || "…"}
      </span>
      <span class="person-words">
        <span class="person-name">
          <bdi id={id}>{tile.name || say("tile.nameless")}</bdi>
          {tile.self && <span class="soft"> ({say("tile.you")})</span>}
        </span>
        <Standing tile={tile} view={view} />
        {tile.away ? (
          <span class="soft">{say("tile.away")}</span>
        ) : (
          <span class="person-key" role="img" aria-label={say("people.key", { emoji: words.join(", ") })}>
            {tile.emoji}
          </span>
        )}
      </span>
      <Equipment tile={tile} view={view} />
      {state.moderation.role === "moderator" && !tile.self && <Actions tile={tile} about={id} view={view} onWrite={onWrite} />}
    </li>
  )
}

/** Role, raised hand and what else is to be known about somebody, in words. */
const Standing = ({ tile, view: { say } }: { tile: Tile; view: View }): VNode | null => {
  const { moderator, appointed, role, hand, maySpeak, compared } = tile
  if (!moderator && role !== "viewer" && hand === 0 && maySpeak && !compared) return null
  return (
    <span class="person-facts">
      {moderator && (
        <span class="warm">
          <Drawn icon="star" />
          {say(appointed ? "role.co-moderator" : "tile.moderator")}
        </span>
      )}
      {role === "viewer" && (
        <span>
          <Drawn icon="eye" />
          {say("role.viewer")}
        </span>
      )}
      {hand > 0 && (
        <span class="warm">
          <Drawn icon="hand" />
          {say("hand.number", { n: hand })}
        </span>
      )}
      {!maySpeak && role !== "viewer" && <span>{say("people.silenced")}</span>}
      {compared && (
        <span class="good">
          <Drawn icon="shield" />
          {say("people.compared")}
        </span>
      )}
    </span>
  )
}

const Equipment = ({ tile, view: { say } }: { tile: Tile; view: View }): VNode | null =>
  tile.role === "viewer" ? null : (
    <span class="person-devices">
      <Drawn icon={tile.microphone ? "microphone" : "microphone-off"} />
      <Spoken>{say(tile.microphone ? "tile.unmuted" : "tile.muted")}</Spoken>
      <Drawn icon={tile.camera ? "camera" : "camera-off"} />
      <Spoken>{say(tile.camera ? "tile.camera-on" : "tile.camera-off")}</Spoken>
    </span>
  )

/** What moderators did, for everybody: newest first. */
const Events = ({ state, say }: View): VNode | null => {
  const { events } = state.moderation
  if (events.length === 0) return null
  return (
    <details class="section">
      <summary>{say("did.title")}</summary>
      <ol class="events">
        {events.toReversed().map((event) => (
          <li key={event.id} data-self={event.self}>
            <time dateTime={new Date(event.at).toISOString()}>{clock(state.language, event.at)}</time>
            <span>{deed(event, say)}</span>
          </li>
        ))}
      </ol>
    </details>
  )
}

const Invite = ({ view, links }: { view: View; links: Links }): VNode => {
  const { state, act, say } = view
  const { holder, invitations, rules } = state.moderation
  return (
    <section class="invite" aria-labelledby="invite-title">
      <h3 id="invite-title">{say("people.invite")}</h3>
      <p class="soft">{say(rules.tickets ? "people.invite-tickets" : rules.lobby ? "people.invite-lobby" : "people.invite-more")}</p>
      <Button kind={rules.tickets ? "plain" : "main"} icon="copy" onClick={() => act({ do: "copy", text: links.participant })}>
        {say("copy.link")}
      </Button>
      {holder && (
        <details class="section">
          <summary>{say("invite.title")}</summary>
          <p class="soft">{say("invite.more")}</p>
          <Invitations view={view} invitations={invitations} revocable />
        </details>
      )}
      {holder && (
        <>
          <Twice
            name={say("tools.renew")}
            ask={say("tools.renew-ask")}
            say={say}
            onSure={() => act({ do: "order", order: { order: "renew" } })}
          />
          <p class="hint">{say("tools.renew-more")}</p>
        </>
      )}
      {links.moderator !== "" && (
        <div class="careful">
          <p>
            <Drawn icon="star" />
            <span>{say("people.moderator-more")}</span>
          </p>
          <Button icon="copy" onClick={() => act({ do: "copy", text: links.moderator })}>
            {say("copy.moderator")}
          </Button>
        </div>
      )}
    </section>
  )
}
