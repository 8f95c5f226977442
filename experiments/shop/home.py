"""The shop's vocabulary for the home: everyday phrase to catalogue term."""

from __future__ import annotations

from typing import Final

from .family import Family

HOME: Final = (
    Family(
        name="sofas",
        brands=("Halvorn", "Nestika", "Brevido"),
        types={
            "couch": "sofa",
            "settee": "sofa",
            "corner couch": "sectional",
            "pull-out bed": "futon",
            "padded bench": "banquette",
        },
        materials={
            "natural fabric": "linen",
            "soft shiny fabric": "velvet",
            "fake leather": "leatherette",
            "ribbed fabric": "corduroy",
        },
        sizes={
            "for two people": "two-seater",
            "for a couple": "two-seater",
            "for three people": "three-seater",
            "for a big family": "five-seater",
        },
        features={
            "that does not get dirty easily": "stain-resistant",
            "that leans back": "reclining",
            "that can be rearranged": "modular",
            "with room inside for blankets": "storage",
        },
        uses={
            "for a tiny apartment": "studio",
            "for the sun room": "conservatory",
            "for the waiting area": "lobby",
        },
        asides=(
            "Two people can carry it up the stairs.",
            "The cover comes off with a zip.",
            "Our family of carpenters has made frames since the eighties.",
            "Corner protectors for transport are in the box.",
        ),
    ),
    Family(
        name="chairs",
        brands=("Tolvane", "Nestika", "Arbessa"),
        types={
            "comfy chair": "armchair",
            "easy chair": "armchair",
            "footrest": "ottoman",
            "tall bar seat": "stool",
            "swinging chair": "rocker",
        },
        materials={
            "woven cane": "rattan",
            "fluffy fabric": "boucle",
            "dark wood": "walnut",
            "pale wood": "beech",
        },
        features={
            "that turns around": "swivel",
            "that can be piled up": "stackable",
            "with soft padding": "upholstered",
            "that goes up and down": "height-adjustable",
        },
        uses={
            "for my desk job": "home-office",
            "for the kids' room": "nursery",
            "for the eating area": "dining-room",
        },
        asides=(
            "Easy to put together in ten minutes.",
            "Felt pads protect the floor under the kitchen table.",
            "Tall readers like the headroom.",
            "Seat height and bar height are given in the drawing.",
        ),
    ),
    Family(
        name="storage",
        brands=("Ordanto", "Brevido", "Kistrel"),
        types={
            "shelf for novels": "bookcase",
            "long low cupboard": "sideboard",
            "clothes cupboard": "wardrobe",
            "closet": "wardrobe",
            "bedside table": "nightstand",
            "set of drawers": "commode",
        },
        materials={
            "sturdy wood": "oak",
            "soft wood": "pine",
            "pressed wood": "particleboard",
            "painted metal": "powder-coated steel",
        },
        sizes={
            "skinny": "slimline",
            "that reaches the ceiling": "full-height",
            "with a few levels": "multi-tier",
        },
        features={
            "with a key": "lockable",
            "that i build myself": "flat-pack",
            "that hangs on the wall": "wall-mounted",
            "that shuts quietly": "soft-close",
        },
        uses={
            "for the entrance": "hallway",
            "by the front door": "hallway",
            "under the sloping roof": "attic",
            "for the laundry corner": "utility-room",
        },
        asides=(
            "The key point is the solid back panel.",
            "Metal feet can be ordered on the side.",
            "Long and low parts travel in separate boxes.",
            "Place it next to the bed or the table.",
        ),
    ),
    Family(
        name="lighting",
        brands=("Lumoria", "Fenwisp", "Arbessa"),
        types={
            "hanging light": "pendant",
            "ceiling light": "pendant",
            "wall light": "sconce",
            "standing light": "floor lamp",
            "fancy party light": "chandelier",
            "string of fairy lights": "garland",
        },
        materials={
            "golden metal": "brass",
            "milky glass": "opal glass",
            "shiny metal": "chrome",
            "cement": "concrete",
        },
        features={
            "with adjustable brightness": "dimmable",
            "that needs no socket": "battery-operated",
            "that switches on by itself": "motion-activated",
            "that saves power": "energy-efficient",
        },
        uses={
            "for the steps": "stairwell",
            "for doing make-up": "vanity",
            "for the garage": "workshop",
        },
        asides=(
            "Screws for wall and ceiling are in the box.",
            "A golden evening mood for every party.",
            "Follow the steps of the enclosed guide for mounting.",
            "The string switch hangs at reading height.",
        ),
    ),
    Family(
        name="bedding",
        brands=("Sornuva", "Plumella", "Drowsley"),
        types={
            "blanket for sleeping": "duvet",
            "long hugging pillow": "bolster",
            "soft layer for the bed": "topper",
            "bed cover": "fitted sheet",
        },
        materials={
            "crisp cotton": "percale",
            "cosy brushed cotton": "flannel",
            "silky fabric": "satin",
            "feathers": "goose down",
        },
        sizes={
            "for a big double bed": "king-size",
            "for a narrow bed": "twin-size",
            "for a crib": "cot-size",
        },
        features={
            "for people with allergies": "hypoallergenic",
            "for hot sleepers": "temperature-regulating",
            "that needs no pressing": "non-iron",
            "with stitched squares": "quilted",
        },
        uses={
            "for overnight visitors": "guest-room",
            "for the camper bed": "caravan-bunk",
            "for a hotel": "hospitality",
        },
        asides=(
            "Long nights, easy mornings.",
            "Shake it out at an open window.",
            "Store it in the cotton bag.",
            "Warm in winter, light in summer.",
        ),
    ),
    Family(
        name="rugs and blinds",
        brands=("Plumella", "Telaris", "Ordanto"),
        types={
            "carpet": "rug",
            "long hall carpet": "runner",
            "foot wiper": "doormat",
            "drape": "curtain",
            "window shade": "roller blind",
        },
        materials={
            "rough plant fibre": "jute",
            "fuzzy yarn": "chenille",
            "heavy patterned cloth": "damask",
            "man-made yarn": "polypropylene",
        },
        sizes={
            "round": "circular",
            "extra long": "xxl",
            "cut to measure": "bespoke",
        },
        features={
            "that stays in place": "anti-slip",
            "that keeps the sun out": "blackout",
            "that keeps the cold out": "thermal",
            "that moths do not eat": "moth-repellent",
        },
        uses={
            "for the roof window": "skylight",
            "for the shower room": "bathroom",
            "for the porch": "veranda",
        },
        asides=(
            "Roll it out and leave it flat for a day.",
            "Measure the window and the door first.",
            "Sun, dust and feet are no trouble.",
            "Vacuum with the fibre, never against it.",
        ),
    ),
)
