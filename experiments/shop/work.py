"""The shop's vocabulary for technology and tools: everyday phrase to catalogue term."""

from __future__ import annotations

from typing import Final

from .family import Family

WORK: Final = (
    Family(
        name="audio",
        brands=("Sonvario", "Klarity", "Ohmbeck"),
        types={
            "tv speaker": "soundbar",
            "record player": "turntable",
            "music box for parties": "loudspeaker",
            "earphone set": "headset",
            "alarm clock with music": "clock radio",
            "thing to sing into": "microphone",
        },
        materials={
            "soft rubber": "silicone",
            "polished metal": "anodised aluminium",
            "thin wood layer": "veneer",
        },
        sizes={
            "tiny": "pocket-size",
            "huge": "floorstanding",
        },
        features={
            "cable-free": "wireless",
            "that blocks out chatter": "noise-cancelling",
            "that can get splashed": "splashproof",
            "quick to power up": "fast-charging",
        },
        uses={
            "for making songs": "studio-recording",
            "for talk shows": "podcasting",
            "for video calls": "conferencing",
        },
        asides=(
            "Fills a whole house with music.",
            "The power cable is two metres long.",
            "Set it up while you sing along.",
            "Quick start guide in the box.",
        ),
    ),
    Family(
        name="computing",
        brands=("Bitterna", "Klarity", "Datarro"),
        types={
            "computer screen": "monitor",
            "wifi box": "router",
            "spare battery": "power bank",
            "electronic book": "e-reader",
            "picture copier": "scanner",
            "thing to type on": "keyboard",
        },
        materials={
            "old-bottle plastic": "recycled plastic",
            "light metal": "magnesium",
            "sturdy glass": "hardened glass",
        },
        sizes={
            "very thin": "ultra-slim",
            "as large as a desk": "widescreen",
            "that fits in a shirt": "palm-size",
        },
        features={
            "that runs on sunlight": "solar-powered",
            "that does not reflect": "anti-glare",
            "that glows in the dark": "backlit",
            "easy on the joints": "split-layout",
        },
        uses={
            "for playing": "gaming",
            "for drawing": "graphic-design",
            "for accounting": "bookkeeping",
        },
        asides=(
            "Works with every computer made since 2015.",
            "A glass of water will not harm the box it comes in.",
            "Runs all day, sleeps all night.",
            "Type, read, and play in comfort.",
        ),
    ),
    Family(
        name="stationery",
        brands=("Inkwyn", "Papyra", "Tessaly"),
        types={
            "ink pen": "fountain pen",
            "writing pad": "notebook",
            "folder": "ring binder",
            "paper puncher": "perforator",
            "year planner": "diary",
            "colouring stick": "pastel crayon",
        },
        materials={
            "eco paper": "recycled paper",
            "goat skin": "parchment",
            "sticky resin": "bakelite",
        },
        sizes={
            "letter size": "a4",
            "half letter size": "a5",
        },
        features={
            "that can be filled again": "refillable",
            "with lines": "ruled",
            "that rubs out": "erasable",
            "that stays open": "lay-flat",
        },
        uses={
            "for nice handwriting": "calligraphy",
            "for tax papers": "archiving",
            "for lectures": "university",
        },
        asides=(
            "Ink dries in a year if left open.",
            "Lines of poetry on every cover.",
            "The paper takes pen and pencil.",
            "Half the price if you take a dozen.",
        ),
    ),
    Family(
        name="garden tools",
        brands=("Grunhild", "Mossley", "Torvik"),
        types={
            "grass cutter": "lawnmower",
            "water tube": "hosepipe",
            "small hand shovel": "trowel",
            "leaf comb": "rake",
            "one-wheeled cart": "wheelbarrow",
            "rose scissors": "pruner",
        },
        materials={
            "zinc-coated metal": "galvanised steel",
            "hard blade metal": "carbon steel",
            "springy wood": "ash",
        },
        sizes={
            "with a longer reach": "telescopic",
            "for kids' hands": "child-size",
        },
        features={
            "for lefties": "left-handed",
            "that drives by itself": "self-propelled",
            "that never gets blocked": "clog-free",
            "that stays sharp": "self-sharpening",
        },
        uses={
            "for bushes": "hedge",
            "for the vegetable plot": "allotment",
            "for tiny indoor trees": "bonsai",
        },
        asides=(
            "Hang it up dry after use.",
            "A sharp edge needs a careful hand.",
            "Water, wash and wipe: that is all the care it needs.",
            "For beds of roses and rows of leaf salad.",
        ),
    ),
    Family(
        name="diy",
        brands=("Torvik", "Hammerlund", "Grunhild"),
        types={
            "boring machine": "drill driver",
            "wrench": "spanner",
            "folding step": "stepladder",
            "bubble measure": "spirit level",
            "box for screws and hammers": "tool chest",
            "strong sticky strip": "duct tape",
        },
        materials={
            "tough alloy": "chrome vanadium",
            "fibre composite": "fibreglass",
            "yellow alloy": "bronze",
        },
        sizes={
            "that goes in tight spots": "short-shaft",
            "for tall rooms": "extra-high",
        },
        features={
            "that clicks at the right force": "torque-controlled",
            "safe against shocks": "voltage-insulated",
            "with a beam to aim": "laser-guided",
            "that does not spark": "explosion-safe",
        },
        uses={
            "for fixing the car": "automotive",
            "for pipes": "plumbing",
            "for sockets and wires": "electrical",
        },
        asides=(
            "Measure twice, cut once.",
            "Wear glasses and strong gloves.",
            "The strip on the box says what is inside.",
            "Tight screws come loose with a click.",
        ),
    ),
)
