"""The shop's vocabulary for things to wear and carry: everyday phrase to catalogue term."""

from __future__ import annotations

from typing import Final

from .family import Family

_FITS: Final = {
    "for short women": "petite",
    "for bigger bodies": "plus-size",
    "tight": "slim-fit",
    "baggy": "oversized",
}

WEAR: Final = (
    Family(
        name="outerwear",
        brands=("Norrskar", "Galeford", "Wexmoor"),
        types={
            "winter coat": "parka",
            "rain jacket": "anorak",
            "long belted coat": "mackintosh",
            "sleeveless jacket": "gilet",
            "short pilot jacket": "blouson",
        },
        materials={
            "stretchy weather fabric": "softshell",
            "scratchy wool cloth": "tweed",
            "warm bathrobe-like fabric": "fleece",
            "oily cotton": "waxed twill",
        },
        sizes=_FITS,
        features={
            "good in the rain": "waterproof",
            "that keeps me dry": "waterproof",
            "for freezing weather": "insulated",
            "that can be worn inside out": "reversible",
            "that is visible at night": "reflective",
        },
        uses={
            "for hiking": "trekking",
            "for the way to work": "commuting",
            "for boat trips": "sailing",
        },
        asides=(
            "Light enough for spring, roomy enough for layers.",
            "Inside pocket for keys and a ticket.",
            "The collar turns up when the weather turns.",
            "Long winter nights were on our mind.",
        ),
    ),
    Family(
        name="tops",
        brands=("Wexmoor", "Mirelle", "Cottonby"),
        types={
            "jumper": "pullover",
            "sweater": "pullover",
            "knitted jacket": "cardigan",
            "ladies' shirt": "blouse",
            "long loose shirt": "tunic",
            "undershirt with thin straps": "camisole",
        },
        materials={
            "fine sheep wool": "merino",
            "goat wool": "cashmere",
            "flowing fabric": "viscose",
            "t-shirt fabric": "jersey",
        },
        sizes=_FITS,
        features={
            "that does not wrinkle": "crease-resistant",
            "that i do not sweat in": "breathable",
            "that can go in the wash": "machine-washable",
            "with holes for buttons": "button-down",
        },
        uses={
            "for pregnant women": "maternity",
            "for meetings": "business",
            "for lazy sundays": "loungewear",
        },
        asides=(
            "Wash it with like colours.",
            "Fine seams and a straight hem.",
            "Wear it loose or tucked in.",
            "Our model is tall and wears a medium.",
        ),
    ),
    Family(
        name="legwear",
        brands=("Cottonby", "Galeford", "Denholt"),
        types={
            "pants": "trousers",
            "slacks": "trousers",
            "stretchy tights": "leggings",
            "knee-length pants": "bermudas",
            "overalls": "dungarees",
            "comfy gym pants": "joggers",
        },
        materials={
            "jean cloth": "denim",
            "rubbery fabric": "elastane",
            "crisp dress cloth": "gabardine",
            "breezy plant cloth": "hemp",
        },
        sizes=_FITS,
        features={
            "that sit above the belly": "high-waisted",
            "with a rubber waistband": "elasticated",
            "that end above the ankle": "cropped",
            "with lots of pockets": "cargo",
        },
        uses={
            "for stretching exercises": "yoga",
            "for builders": "workwear",
            "for riding a bike": "cycling",
        },
        asides=(
            "Short in the leg? We shorten them for free.",
            "Belt loops and two back pockets.",
            "Knee room for bending and stretching.",
            "A comfy cut for long days.",
        ),
    ),
    Family(
        name="footwear",
        brands=("Stridova", "Norrskar", "Calzetti"),
        types={
            "sneakers": "trainers",
            "running shoes": "trainers",
            "open summer shoes": "sandals",
            "rubber boots": "wellingtons",
            "smart shoes": "brogues",
            "house shoes": "slippers",
            "slip-ons": "loafers",
        },
        materials={
            "rough leather": "suede",
            "shiny leather": "patent leather",
            "tough cotton": "canvas",
            "stiff sheep cloth": "wool felt",
        },
        sizes={
            "for broad feet": "wide-fit",
            "for slim feet": "narrow-fit",
            "for growing feet": "junior",
        },
        features={
            "with soft soles": "cushioned",
            "without strings": "laceless",
            "for icy pavements": "spiked",
            "that let air in": "ventilated",
        },
        uses={
            "for the forest": "trail",
            "for bad feet": "orthopaedic",
            "for the sports hall": "indoor-court",
            "for a ball": "evening",
        },
        asides=(
            "Running late? They slip on in a second.",
            "Take a smart size up for thick socks.",
            "Air them over night.",
            "Summer or winter, house or street.",
        ),
    ),
    Family(
        name="bags",
        brands=("Calzetti", "Voyanne", "Pactora"),
        types={
            "backpack": "rucksack",
            "suitcase": "trolley",
            "shopping bag": "tote",
            "school bag": "satchel",
            "gym bag": "holdall",
            "evening bag": "clutch",
        },
        materials={
            "light synthetic cloth": "nylon",
            "hard shell plastic": "polycarbonate",
            "real hide": "calfskin",
            "truck-cover cloth": "tarpaulin",
        },
        sizes={
            "for hand luggage": "cabin-size",
            "for a week away": "65-litre",
            "for a day trip": "20-litre",
        },
        features={
            "that is safe from pickpockets": "anti-theft",
            "that can be made bigger": "expandable",
            "that shrugs off a shower": "water-repellent",
            "with good back support": "ergonomic",
        },
        uses={
            "for my computer": "laptop",
            "for baby things": "nappy-changing",
            "for camera equipment": "photography",
        },
        asides=(
            "Fits a bottle, a book and a day of shopping.",
            "The hard base stands on its own.",
            "From school to gym and back.",
            "Two outer pockets for small things.",
        ),
    ),
    Family(
        name="accessories",
        brands=("Mirelle", "Voyanne", "Tessaly"),
        types={
            "arm clock": "wristwatch",
            "chain for the neck": "necklace",
            "woolly hat": "beanie",
            "thing to keep rain off": "umbrella",
            "neck warmer": "scarf",
            "purse for coins": "wallet",
        },
        materials={
            "goat hair": "mohair",
            "pink gold": "rose gold",
            "real silver": "sterling silver",
            "real worm silk": "mulberry silk",
        },
        sizes={
            "for small hands": "extra-small",
            "very large": "maxi",
        },
        features={
            "against card thieves": "rfid-blocking",
            "that opens by button": "automatic",
            "with a name on it": "personalised",
            "that will not break in wind": "windproof",
        },
        uses={
            "for a christening": "baptism",
            "for my husband": "menswear",
            "for divers": "scuba",
        },
        asides=(
            "The clasp opens with one hand.",
            "Wind it once a day and forget it.",
            "A warm gift for the coin collector.",
            "Arrives in a small silver box.",
        ),
    ),
)
