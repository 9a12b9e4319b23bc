import type { VNode } from "preact"
import type { Links, Tile } from "../call/state.ts"
import { emojiName, symbols } from "./emoji.ts"
import { Drawn } from "./icons.tsx"
import { PanelFrame } from "./panel.tsx"
import { Button, Spoken } from "./parts.tsx"
import { hue, initials } from "./person.ts"
import type { View } from "./view.ts"

/** Who is here, and the links to bring somebody else. */
export const People = (view: View): VNode => {
  const { state, say } = view
  return (
    <PanelFrame view={view} panel="people" title={say("people.title")}>
      <div class="panel-body">
        <p class="soft">{say("people.count.other", { n: state.tiles.length })}</p>
        {/* biome-ignore lint/a11y/noRedundantRoles: Safari drops the role of a list without bullets */}
        <ul class="people" role="list">
          {state.tiles.map((tile) => (
            <Person key={tile.person} tile={tile} view={view} />
          ))}
        </ul>
        <p class="hint">{say("people.key-more")}</p>
        {state.links !== null && <Invite {...view} links={state.links} />}
      </div>
    </PanelFrame>
  )
}

const Person = ({ tile, view: { state, say } }: { tile: Tile; view: View }): VNode => {
  const words = symbols(tile.emoji).map((symbol) => emojiName(symbol, state.language))
  return (
    <li class="person hued" style={{ "--hue": hue(tile.person) }} data-away={tile.away}>
      <span class="face" aria-hidden="true">
        {initials(tile.name) || "…"}
      </span>
      <span class="person-words">
        <span class="person-name">
          <bdi>{tile.name || say("tile.nameless")}</bdi>
          {tile.self && <span class="soft"> ({say("tile.you")})</span>}
          {tile.moderator && (
            <span class="person-star" title={say("tile.moderator")}>
              <Drawn icon="star" />
              <Spoken>{say("tile.moderator")}</Spoken>
            </span>
          )}
        </span>
        {tile.away ? (
          <span class="soft">{say("tile.away")}</span>
        ) : (
          <span class="person-key" role="img" aria-label={say("people.key", { emoji: words.join(", ") })}>
            {tile.emoji}
          </span>
        )}
      </span>
      <span class="person-devices">
        <Drawn icon={tile.microphone ? "microphone" : "microphone-off"} />
        <Spoken>{say(tile.microphone ? "tile.unmuted" : "tile.muted")}</Spoken>
        <Drawn icon={tile.camera ? "camera" : "camera-off"} />
        <Spoken>{say(tile.camera ? "tile.camera-on" : "tile.camera-off")}</Spoken>
      </span>
    </li>
  )
}

const Invite = ({ links, act, say }: View & { links: Links }): VNode => (
  <section class="invite" aria-labelledby="invite-title">
    <h3 id="invite-title">{say("people.invite")}</h3>
    <p class="soft">{say("people.invite-more")}</p>
    <Button kind="main" icon="copy" onClick={() => act({ do: "copy", text: links.participant })}>
      {say("copy.link")}
    </Button>
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
