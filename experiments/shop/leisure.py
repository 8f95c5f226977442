"""The shop's vocabulary for play, sports and pets: everyday phrase to catalogue term."""

from __future__ import annotations

from typing import Final

from .family import Family

LEISURE: Final = (
    Family(
        name="patio",
        brands=("Mossley", "Solventa", "Arbessa"),
        types={
            "sun umbrella": "parasol",
            "deck chair": "lounger",
            "flower pot": "planter",
            "hanging bed": "hammock",
            "party tent": "gazebo",
            "place for a campfire": "fire bowl",
        },
        materials={
            "tropical wood": "teak",
            "plastic wicker": "polyrattan",
            "fast-growing cane": "bamboo",
            "artificial stone": "terrazzo",
        },
        sizes={
            "for a dozen people": "xxl-format",
            "to share with my love": "double-width",
        },
        features={
            "that can stay outside": "weatherproof",
            "that packs flat": "foldable",
            "that does not fade": "colourfast",
            "that rolls": "castored",
        },
        uses={
            "beside the swimming pool": "poolside",
            "for a small terrace": "balcony",
            "for a beer garden": "gastronomy",
        },
        asides=(
            "Share a long summer evening.",
            "The fabric is sewn double at the corners.",
            "Bring in the flower boxes and relax.",
            "Place it on level stone.",
        ),
    ),
    Family(
        name="toys",
        brands=("Jollibo", "Kastania", "Pippelo"),
        types={
            "teddy": "plush animal",
            "stuffed animal": "plush animal",
            "picture to put together": "jigsaw",
            "kick bike": "scooter",
            "little railway": "train set",
            "house for tiny dolls": "doll's villa",
            "box of bricks": "construction kit",
        },
        materials={
            "plain timber": "birch plywood",
            "safe paint": "water-based lacquer",
            "bendy plastic": "vinyl",
        },
        features={
            "to learn from": "educational",
            "without harmful chemicals": "phthalate-free",
            "that plays songs": "musical",
            "that clicks together by itself": "magnetic",
        },
        uses={
            "for a two year old": "toddler",
            "for a four year old": "preschool",
            "for a seven year old": "primary-school",
            "for grandma and the little ones": "intergenerational",
        },
        asides=(
            "The little box doubles as a stage.",
            "Tested by kids, loved by parents.",
            "Put it away in seconds.",
            "Songs, stories and pictures to download.",
        ),
    ),
    Family(
        name="baby",
        brands=("Pippelo", "Nidora", "Lullmore"),
        types={
            "stroller": "pushchair",
            "buggy": "pushchair",
            "baby bed": "cot",
            "dummy": "soother",
            "cloth to carry an infant": "sling",
            "fenced play area": "playpen",
            "thing to lie kids down on for diapers": "changing table",
        },
        materials={
            "thin airy cotton": "muslin",
            "rubber tree milk": "natural latex",
            "holey fabric": "mesh",
        },
        sizes={
            "for the first weeks": "newborn",
            "for two babies": "twin",
        },
        features={
            "that grows along": "convertible",
            "with a one-hand trick to close it": "quick-fold",
            "that can be boiled": "sterilisable",
            "that calms by motion": "vibrating",
        },
        uses={
            "for going on a plane": "travel",
            "for running with baby": "jogging",
            "for day care": "creche",
        },
        asides=(
            "Two hands free for the rest of the family.",
            "Carry, play, sleep, repeat.",
            "Tested for the weight of an infant.",
            "Close the buckle until it clicks.",
        ),
    ),
    Family(
        name="fitness",
        brands=("Stridova", "Forzano", "Rowanda"),
        types={
            "hand weight": "dumbbell",
            "running machine": "treadmill",
            "indoor bike": "ergometer",
            "boat-like gym machine": "rower",
            "jumping rope": "skipping cord",
            "big bouncy ball": "gymnastic sphere",
        },
        materials={
            "diving suit foam": "neoprene",
            "wine-stopper wood": "cork",
            "car tyre material": "vulcanised rubber",
        },
        sizes={
            "for beginners": "entry-level",
            "for strong people": "heavy-duty",
        },
        features={
            "that does not bother the neighbours": "sound-dampened",
            "that shows my heart rate": "pulse-monitoring",
            "that slides under the bed": "space-saving",
            "that works with my phone": "app-enabled",
        },
        uses={
            "for my sore back": "physiotherapy",
            "for losing weight": "cardio",
            "for muscles": "strength-training",
        },
        asides=(
            "Ten minutes a day are a good beginning.",
            "Place it near a window, away from the bed.",
            "Strong frame, long life, no jumping screws.",
            "Ask your doctor about your heart first.",
        ),
    ),
    Family(
        name="camping",
        brands=("Norrskar", "Campolino", "Torvik"),
        types={
            "lamp for the forehead": "headtorch",
            "hot drink bottle": "vacuum flask",
            "beer cooler": "cool box",
            "shelter with pegs": "tent",
            "warm sack to sleep in": "mummy bag",
            "little gas cooker": "stove",
        },
        materials={
            "tear-proof cloth": "ripstop",
            "space metal": "titanium",
            "duck fluff": "eiderdown",
        },
        sizes={
            "that weighs almost nothing": "ultralight",
            "for the whole clan": "group-size",
        },
        features={
            "that you blow up": "inflatable",
            "that keeps bugs out": "mosquito-proof",
            "that lasts a weekend on one charge": "long-life",
            "for sub-zero nights": "winter-rated",
        },
        uses={
            "for climbing": "mountaineering",
            "for a music event": "festival",
            "for the arctic": "expedition",
        },
        asides=(
            "Sleep like at home, wake up to bird song.",
            "Drink, cook and talk till late.",
            "Keep the pegs in the small sack.",
            "A gas cartridge is not part of the set.",
        ),
    ),
    Family(
        name="pets",
        brands=("Fellini", "Pawsworth", "Kastania"),
        types={
            "dog house": "kennel",
            "walking rope": "leash",
            "cat tree": "scratching post",
            "cat toilet": "litter tray",
            "fish tank": "aquarium",
            "food dish for animals": "feeding station",
            "bird cage": "aviary",
        },
        materials={
            "rope fibre": "sisal",
            "woven straps": "webbing",
            "soft woolly fabric": "lambswool",
        },
        sizes={
            "for a little one": "small-breed",
            "for a giant": "large-breed",
        },
        features={
            "that cannot be bitten through": "chew-resistant",
            "against the smell": "odour-neutralising",
            "that fills up alone": "refill",
            "that is easy to hose down": "wipeable",
        },
        uses={
            "for a very young animal": "puppy",
            "for an old animal": "senior",
            "for the car": "transport",
        },
        asides=(
            "Your animal friend will walk right in.",
            "Give it a few days to get used to the smell.",
            "Good food, fresh water, soft place.",
            "Made by people with three cats and a bird.",
        ),
    ),
)
