/**
 * The 64 symbols of the safety code, in their order: six bits each. Chosen so
 * that no two look alike when small or without colour, and that each has one
 * short, obvious name to say aloud. Each is a single code point of Unicode 9 or
 * older that is drawn as an emoji everywhere; none shows a person, a face, a
 * gesture or a flag.
 */
interface Emoji {
  readonly symbol: string
  readonly en: string
  readonly de: string
}

const emoji = (symbol: string, en: string, de: string): Emoji => ({ symbol, en, de })

export const EMOJI: readonly Emoji[] = [
  emoji("🐘", "Elephant", "Elefant"),
  emoji("🐪", "Camel", "Kamel"),
  emoji("🐋", "Whale", "Wal"),
  emoji("🐍", "Snake", "Schlange"),
  emoji("🐌", "Snail", "Schnecke"),
  emoji("🐝", "Bee", "Biene"),
  emoji("🦀", "Crab", "Krebs"),
  emoji("🦉", "Owl", "Eule"),
  emoji("🦆", "Duck", "Ente"),
  emoji("🐄", "Cow", "Kuh"),
  emoji("🐑", "Sheep", "Schaf"),
  emoji("🐁", "Mouse", "Maus"),
  emoji("🐸", "Frog", "Frosch"),
  emoji("🐢", "Turtle", "Schildkröte"),
  emoji("🦋", "Butterfly", "Schmetterling"),
  emoji("🐎", "Horse", "Pferd"),
  emoji("🌻", "Sunflower", "Sonnenblume"),
  emoji("🌲", "Fir", "Tanne"),
  emoji("🌴", "Palm", "Palme"),
  emoji("🌵", "Cactus", "Kaktus"),
  emoji("🍀", "Clover", "Kleeblatt"),
  emoji("🍄", "Mushroom", "Pilz"),
  emoji("🍇", "Grapes", "Trauben"),
  emoji("🍋", "Lemon", "Zitrone"),
  emoji("🍍", "Pineapple", "Ananas"),
  emoji("🍉", "Watermelon", "Melone"),
  emoji("🍒", "Cherries", "Kirschen"),
  emoji("🥕", "Carrot", "Möhre"),
  emoji("🥐", "Croissant", "Hörnchen"),
  emoji("🧀", "Cheese", "Käse"),
  emoji("🥚", "Egg", "Ei"),
  emoji("🍩", "Doughnut", "Krapfen"),
  emoji("☕", "Coffee", "Kaffee"),
  emoji("🌈", "Rainbow", "Regenbogen"),
  emoji("⚡", "Lightning", "Blitz"),
  emoji("⛄", "Snowman", "Schneemann"),
  emoji("🌋", "Volcano", "Vulkan"),
  emoji("⭐", "Star", "Stern"),
  emoji("🌙", "Moon", "Mond"),
  emoji("🔥", "Fire", "Feuer"),
  emoji("⛺", "Tent", "Zelt"),
  emoji("⛵", "Sailing boat", "Segelboot"),
  emoji("🚁", "Helicopter", "Hubschrauber"),
  emoji("🚜", "Tractor", "Traktor"),
  emoji("🚀", "Rocket", "Rakete"),
  emoji("🏰", "Castle", "Burg"),
  emoji("🎻", "Violin", "Geige"),
  emoji("🥁", "Drum", "Trommel"),
  emoji("🎲", "Dice", "Würfel"),
  emoji("🎯", "Target", "Zielscheibe"),
  emoji("👑", "Crown", "Krone"),
  emoji("💍", "Ring", "Ring"),
  emoji("👢", "Boot", "Stiefel"),
  emoji("👕", "Shirt", "Hemd"),
  emoji("🎒", "Rucksack", "Rucksack"),
  emoji("🔭", "Telescope", "Fernrohr"),
  emoji("📷", "Camera", "Kamera"),
  emoji("📻", "Radio", "Radio"),
  emoji("🎈", "Balloon", "Luftballon"),
  emoji("🔑", "Key", "Schlüssel"),
  emoji("🔔", "Bell", "Glocke"),
  emoji("🚦", "Traffic light", "Ampel"),
  emoji("⚓", "Anchor", "Anker"),
  emoji("🚪", "Door", "Tür"),
]
