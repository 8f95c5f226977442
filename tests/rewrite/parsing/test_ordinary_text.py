"""Queries and passages that only look like talk, markup or data come through as they are."""

from __future__ import annotations

import json
import re

import pytest

from pyterrier_rewrite import Queries, Text
from pyterrier_rewrite.text import safe_text

QUERIES = """
I can't connect to my printer
I cannot open pdf files in chrome
I'm unable to install python on windows 11
I am not able to hear in one ear
I can't stop loving you lyrics
I'm sorry I can't don't hate me film
sorry I'm late I didn't want to come book
I refuse to sink tattoo
I won't give up Jason Mraz chords
I don't know my router password
I don't know how to love him
I do not want to go to school
I have to decline a job offer email
I must decline a wedding invitation wording
I don't have enough money to retire
I can't help you lyrics
I can't help but worry
I can't provide for my family
as an AI startup founder how to raise money
as an AI language model meaning
I need more information about visas for Canada
please provide feedback email template
please help me find my phone
can you help me sleep
how can I help you in spanish
how may I help you grammar
thank you for your service meaning
you're welcome Moana lyrics
hello world in rust
hello Adele
what can I do for lower back pain
could you be loved chords
error content too large nginx
error: cannot find module react
unable to locate package apt
sorry your request could not be processed paypal
against our policy meaning
no rewrite rule nginx
rewrite the stars lyrics
query rewriting in postgres
rewritten query postgres EXPLAIN
none of my business
no change in blood pressure after medication
null pointer exception java
n/a in excel vlookup
not applicable meaning
unknown caller id iphone
no answer on office phone greeting
already gone song
question mark origin
what does note mean in music
note taking apps
Note 10 plus battery
reasoning tests for jobs
reason for leaving current job
thoughts on the new iPad
thought: a philosophical introduction
analysis of Hamlet act 3
explanation of photosynthesis
answer key algebra 2 chapter 5
answers in genesis
output of print in python 3
input/output error linux
search for extraterrestrial life
searching for sugar man
alternative to photoshop
alternatively fuelled vehicles
or operator in google search
original sin game
original: Star Trek series
user: meaning
user manual Bosch dishwasher
assistant manager salary
system: 7 synthesizer
model: the film
key changes in music
other options besides chemo
changes made to the constitution in 1992
version 2 of the GPL
option 1 pay scale
step 1: usmle score
step by step guide to knitting
first: the movie 2012
the first query in SQL
keywords for resume
terms and conditions example
list of kings
list comprehension python [x for x in y]
json parse error
{} in javascript
[] vs list() python
how to use <think> tags deepseek
C# List<string> to array
a -> b haskell
x => x + 1 javascript
2. Weltkrieg Ursachen
5. Gebot
8. Mai 1945
1/2 cup in grams
7-eleven near me
9/11 memorial tickets
24/7 gym
24: legacy cast
-1 mod 7
--help flag git
-v option docker
#metoo movement
@media query css
** operator python
_ variable go
$PATH linux
100% cotton t shirt
E=mc^2 derivation
H. G. Wells books
J.R.R. Tolkien
V. Putin age
A. thaliana genome
a) or b) multiple choice tips
i. e. vs e. g.
B. B. King songs
U.S. Bank login
C. diff symptoms
IV. Lateran Council
X. com login
Henry V: plot
Mission: Impossible order
Avengers: Endgame runtime
Dune: Part Two
Matthew 5: 3
Genesis 1:1
Terminator 2: Judgment Day
Batman v Superman: Dawn of Justice
Linux: how to find large files
Excel: sum if two conditions
Berlin: weather tomorrow
recipe: banana bread
SQL: join vs where
define: ubiquitous
site:example.com sofas
intitle:index of mp3
filetype:pdf annual report
time in Tokyo 10:00 GMT
ratio 3:2
2 + 2 = 5 meaning
red, blue and green sofa
sofa or couch
couch vs. sofa
sofas (red)
(500) days of summer
[rec] horror film
"red sofa" ikea
"let it be" by the beatles
'twas the night before christmas
rock 'n' roll
“to be” or “not to be”
what's "love" got to do with it
"A" is for alibi
Ich kann nicht schlafen
Ich kann nicht mehr
Ich kann mich nicht bei Amazon anmelden
je ne peux pas dormir
je ne peux pas me connecter à ma boîte mail
no puedo dormir
no puedo entrar en mi cuenta de Facebook
non posso mangiare glutine cosa fare
não consigo acessar meu email
не могу войти в аккаунт
Я не могу заснуть
我不能吃辣
我无法登录微信
无法连接到服务器
眠れない 対処法
ログインできない
로그인할 수 없습니다 해결
لا أستطيع النوم
Entschuldigung schreiben Schule
lo siento in english
désolé en anglais
извините по английски
对不起 歌词
すみません 意味
沙发 红色
什么是量子计算？
光速は何キロ
Wie schreibt man eine Anfrage?
Frage und Antwort Spiel
pregunta trampa
respuesta inmune
requête SQL
reason: the only reason song
meaning of N/A
null island
Nothing Compares 2 U
nothing to lose
Same Old Love
unchanged melody
unchained melody
the question is already answered stack overflow
this query returned no results access
No query provided error elasticsearch
I see no evil
I see you
I understand nothing in physics
let me know lyrics
I hope this email finds you well
hope that helps meaning
is there anything else synonyms
would you like coffee
does this look infected
feel free to contact me
here you go meaning
here comes the sun chords
sure thing Miguel
of course in spanish
okay or ok
certainly synonym
absolutely fabulous
understood meaning
got it from my mama
great question synonyms
Based on a true story films
given the chance
to find yourself quotes
this is us
these are the voyages
the following tv series
below deck cast
it seems like yesterday
it appears that or it seems that
it is already tomorrow in Australia
there is nothing like a dame
if you are happy and you know it
let's talk about sex
what would you like to drink in French
I'm Claude Monet
I'm happy for you
I'm here to help in german
I'm ready SpongeBob
I'm just Ken
I'm a believer
As a large family, what car to buy
as a model how do I find agents
I'm an AI researcher and cannot find a job
I'm an English teacher and need lesson ideas
I will not bow
I'm not going to lie meaning
I'm not comfortable with my body
that goes without saying
flagged as spam gmail
violating traffic rules fine
policy violation youtube strike
my message was cut off
you haven't changed a bit
how do I rewrite a query in SQL
rewrite this sentence
please rewrite my essay
convert this to JSON
[Verse 1] lyrics
R&B songs
C++ & Java
AT&T login
&nbsp; in html
&lt; meaning
50% off sofas
50/50 chance
what?
why
sofa...
sofa!!!
wait for it…
sofas: red; tables: blue
a|b regex
cat file | grep x
f(x) = x^2
print("hello")
search(query) elasticsearch
for i in range(10): print(i)
if x: return
import numpy as np
docker run -it ubuntu bash
curl -X POST http://a.b/c
C:\\Users\\me\\file.txt
/etc/hosts
http://example.com:8080/path
me@example.com
10.1145/12345
arXiv:2312.00001
ISBN: 978-3-16
RFC 2616: HTTP
CVE-2021-44228
GTX 1080 Ti vs. RTX 3060
iPhone 14, 15 and 16 compared
1,000 dollars in euros
Washington, D.C.
Paris, France
Smith, John
red,blue
what is the difference between a query and a question?
What are keywords, and how do they work?
Which terms describe a sofa?
I can't open my car door
I cannot log into Netflix
I can't hear you lyrics
I can't do this anymore quotes
I cannot tell a lie origin
I can't help myself four tops
I can't help it if I'm still in love with you
I can't breathe protest
I'm unable to print from my laptop
I am unable to conceive options
I don't have access to a kitchen what can I cook
I do not have a credit history how to get a loan
I don't have time to exercise
I won't let you go lyrics
I'm sorry but I love you
I'm sorry Dave I'm afraid I can't do that
sorry board game rules
sorry not sorry meaning
apologize lyrics onerepublic
unfortunately synonyms
Unfortunately, my cat died, how to cope
I'm afraid of the dark book
I am afraid of losing you
I must go down to the seas again poem
I refuse to be a victim
As an AI student, which laptop should I buy
as a language teacher how do I plan lessons
I'm an AI skeptic
I need information on student loans
I need more iron in my diet
could you survive on mars
can you provide a list of vegan foods
please provide your feedback in spanish
how can I help the homeless
what can I help my child with at home
it seems to me that grammar
it looks like rain
you haven't seen it yet song
no query string in url
no results found outlook search
there is no planet b
this question is too hard meme
the question is what is a mahna mahna
the query is too complex sharepoint
this request has been blocked cors
this content is not available facebook
your request has been denied visa
nothing else matters
none of the above song
unknown error occurred iphone
no change fees airlines
no changes to commit git
not applicable vs none
keep it as is meaning
same as ever book
Please, please, please Sabrina Carpenter
I hope you dance
let me in
feel free lyrics
hope this helps email alternatives
I kept the receipt can I return it
the colour was added later car repaint
note to self
notes app
reason to believe
explanation letter for visa
because of you
this query took too long mysql
these are the days
the original series
another brick in the wall
other people's money
alternatively spelled words
or maybe not
or else
I changed my mind
I can't find my airpods
I cannot see my emails in outlook
I'm unable to walk after knee surgery
I couldn't sleep last night poem
I won't be able to attend the meeting email
we can't all be astronauts book
I'm sorry I love you drama
I'm sorry to hear that meaning
sorry for your loss
unfortunately your application was unsuccessful
as an AI model evolves who owns it
as a woman I feel unsafe
please don't go
please be my valentine
thank you card ideas
hello kitty
hi fi speakers
hey jude
sure jan meme
certainly not
okay computer album
welcome to the jungle
understanding query optimization
how to answer why do you want this job
can I rewrite my will
question tags english
information theory
provide vs supply
help wanted signs
help me understand recursion
assist gas laser cutting
request for proposal template
no request timeout nginx
no information about my order
context clues
conversation starters
the conversation movie
standalone vs dependent
self-contained breathing apparatus
Who is Claude
what is ChatGPT
what does GPT stand for
OpenAI API pricing
language model evaluation
AI assistant for lawyers
I want to talk to a human
I need help with my taxes
I need a doctor
I have a question about my bill
do you need a visa for Japan
what do you need to open a bank account
why can't I log in
why doesn't my printer work
who can help me with my CV
can I get a refund
could I have covid
may I have your attention
is it possible to learn this power
does it snow in Rome
Windows: cannot delete file
error: failed to push some refs
fatal: not a git repository
warning: unused variable
note: candidate function not viable
TypeError: 'NoneType' object is not iterable
ImportError: No module named requests
Kubernetes: list all pods
Postgres: create index
Tesla: Model 3
Frozen: Let It Go
Alien: Romulus
Blade Runner: 2049
Python: answer to life
Reason: engine
history: world war 2
title: the great gatsby
Ulysses: chapter 4
Luke 2: 1-20
COVID-19: symptoms
2024: election results
sofa: meaning in Arabic
used cars: Toyota
song: let it be
movie: up
red sofa -ikea
sofa +red
(red OR blue) AND sofa
sofa NOT leather
sofa AND (red OR blue)
title:sofa colour:red
{curly braces}
<iframe> attributes
a/b testing
and/or
w/o sugar
c/o address
1-on-1 coaching
3D printing
4K TV
5 a day
6 feet under
7 wonders
8 mile
9 to 5
10 downing street
x
42
Ä
日本
query
answer
question
note
thought
I can't sleep
I cannot help falling in love lyrics
I'm sorry song by Brenda Lee
sorry seems to be the hardest word
as an AI researcher how much do I earn
I am unable to log in to my router
I won't back down chords
I don't have access to the building after hours rights of tenants
I can't provide proof of income mortgage
I cannot answer calls on my iPhone
I do not have insurance and crashed my car
unfortunately for us song
no answer from the embassy what to do
please mr postman lyrics
how can I help my dog lose weight
can you give a cat milk
I'm afraid of dogs
I apologize in sign language
I cannot create a new user in postgres
I can't write cursive
I'm not able to connect to wifi
I refuse to pay rent rights
the query planner of postgres
note 20 ultra price
answer to life the universe and everything
Python: list vs tuple
Star Wars: A New Hope
ISO 9001: requirements
C#: read a file
10:30 train to Berlin
https://example.com/a red sofa
what is a query
how to write a search query
red sofa - blue cushions
thinking, fast and slow
[thinking fast and slow] review
<T> generics in java
a < b and b > c
x = y + 1 in python
keywords in java
how to say "thank you" in Japanese
"to be or not to be" meaning
best answer to why do you want this job
None of the above
e. coli
2. bundesliga
US v. Nixon
Dr. No
vitamin b 12
iPhone 15 Pro
"""

PASSAGES = [
    (
        "A relational database stores rows in tables. A query planner chooses an "
        "index.\n\nThe query is then executed. Results are returned to the client."
    ),
    (
        "SQL queries can be slow. The query planner matters: it chooses the index.\n\nNote "
        "that statistics must be fresh."
    ),
    "Note that sofas are heavy. They seat two.\n\nNote: never lift one alone. Ask a friend.",
    (
        "To rewrite a query, the engine applies rules. For example, a subquery becomes a "
        "join.\n\nThe rewritten query is usually faster."
    ),
    "The question is old. Philosophers asked it first.\n\nThe answer is unknown.",
    "Search engines rank documents.\n\nThis query is common. Users ask it daily.",
    "I have lived in Berlin for ten years. I added a sofa to my flat.\n\nI hope to stay.",
    "I can't recommend this sofa. It broke after a week.\n\nI am sorry I bought it.",
    "I'm sorry, she said, but I can't help you. He left.\n\nThe story ends there.",
    '"I cannot do that," said the robot. It turned away.\n\nNobody spoke.',
    "Unfortunately, the treaty failed. War broke out in 1914.\n\nMillions died.",
    "Here is the story of a sofa. It was red.\n\nHere are its parts: legs, arms and a back.",
    "Hello was released in 2015. Adele wrote it with Greg Kurstin.\n\nIt sold well.",
    (
        "As an AI researcher, she builds models. As a language model grows, it "
        "improves.\n\nThis is called scaling."
    ),
    (
        "Reasoning is the use of logic. Deductive reasoning goes from premises to "
        "conclusions.\n\nInductive reasoning generalises."
    ),
    "Reason: a magazine founded in 1968. It covers politics.\n\nIts offices are in Los Angeles.",
    (
        "Explanation: in philosophy, an explanation is a set of statements. It makes "
        "something clear.\n\nSee also causality."
    ),
    (
        "Thinking fast and slow are two modes. System 1: fast and automatic. System 2: slow "
        "and careful.\n\nKahneman wrote of both."
    ),
    (
        "There are three kinds of sofa: two-seaters, three-seaters and corner "
        "sofas.\n\nTwo-seaters: small and cheap. Three-seaters: larger. Corner sofas: the "
        "largest."
    ),
    "Ingredients: flour, sugar, eggs.\n\nMethod: mix and bake. Serve warm.",
    "Symptoms include:\n- fever\n- cough\n- fatigue\n\nSee a doctor if they persist.",
    (
        "Causes of the war: nationalism, alliances, arms.\n\nConsequences: millions dead; "
        "empires fell."
    ),
    (
        "Alternatively, one can use a chair. Chairs are cheap.\n\nAnother option is the "
        "bench. Benches are hard."
    ),
    "Alternatives to sofas exist. Other options: benches, chairs, beds.\n\nAll are cheaper.",
    "Other possible causes are rare. A doctor may order tests.\n\nPlease consult a doctor.",
    (
        "The user interface has a search box. The user types a query: the system "
        "answers.\n\nUser: a person who uses a system."
    ),
    (
        'Users can ask questions such as "how tall is it?" or "who built it?".\n\nThe '
        "assistant replies in seconds."
    ),
    (
        "A function f(x) = x^2 has one minimum. The list [1, 2, 3] has three items.\n\nThe "
        "set {a, b} has two."
    ),
    (
        'JSON is a format. An example is {"name": "Ann", "age": 7}. It has two '
        "fields.\n\nXML is another."
    ),
    "The tag <b> makes text bold. The tag <i> makes it italic.\n\nBoth are old HTML.",
    "**Sofas** are seats.\n\n**Chairs** are seats for one.\n\n**Benches** are for many.",
    "## History\n\nSofas came from Arabia.\n\n## Use\n\nThey seat two.",
    (
        'Einstein (1879–1955) was a physicist. He said: "God does not play dice."\n\nHe died '
        "in Princeton."
    ),
    "The film [REC] was shot in 2007. It is horror.\n\nA remake followed.",
    "The rate is 3.5% (see Table 2). It rose [4].\n\nRefs: [1] Smith. [2] Jones.",
    "Water boils at 100 °C. At 10:30 it was done. The ratio was 2:1.\n\nThe end.",
    "Das Sofa ist rot. Es hat zwei Plätze.\n\nHinweis: Nicht waschen. Die Farbe geht aus.",
    "Ich kann nicht sagen, wann das Sofa kam. Es steht seit Jahren hier.\n\nNiemand weiß es.",
    "Je ne peux pas dire quand il est né. Les archives ont brûlé.\n\nOn l'ignore.",
    "沙发是红色的。它可以坐两个人。\n\n注意：不要洗。",
    "我不能说沙发是什么时候来的。它很旧。\n\n没有人知道。",
    "ソファは赤い。二人座れる。\n\n古いものだ。",
    "Диван красный. Он для двоих.\n\nПримечание редактора важно: не мыть.",
    (
        "This passage of the Bible is famous. It speaks of love.\n\nThis document dates from "
        "1215. It is called Magna Carta."
    ),
    "This article explains sofas. It covers types and prices.\n\nThis guide helps buyers.",
    (
        "The document describes a method. The text was written in 1900.\n\nThe passage "
        "through the Alps is narrow."
    ),
    "The following are seats: sofas, chairs and benches.\n\nThe first is soft. The second is hard.",
    (
        "The original painting is lost. The rewritten version hangs in Rome.\n\nThe question "
        "of its author remains."
    ),
    "I hope this letter finds you well, she wrote. Let me know when you arrive.\n\nShe signed it.",
    "Let me know was a hit in 2014. Feel free to listen.\n\nIt topped the charts.",
    (
        "Would you like to know more? Many did. The book sold a million copies.\n\nDoes this "
        "matter? Yes."
    ),
    "Step 1: cut the wood. Step 2: sand it.\n\nStep 3: paint it. Then wait.",
    "Option A costs 5 dollars. Option B costs 7.\n\nOption A: cheap. Option B: good.",
    "First, cut the wood. Second, sand it. Finally, paint it.\n\nNow wait.",
    "No changes were made to the law. No answer came from the king.\n\nNothing happened.",
    (
        "None of the sofas survived. Nothing is known of the maker.\n\nNo information exists "
        "about him."
    ),
    "There is no evidence that sofas cause pain. There is no cure either.\n\nRest helps.",
    (
        'The answer to the question "what is a query?" is simple: it is a request for '
        "data.\n\nKeywords: query, data, request are common in such texts."
    ),
    "Tags such as <query> and </query> mark the text. The parser reads them.\n\nThen it stops.",
    (
        "In DeepSeek-R1 the model writes <think> and </think> around its thoughts. The "
        "answer follows.\n\nUsers rarely see them."
    ),
    (
        "A special token like <|im_end|> ends a turn. Another is </s>.\n\nBoth are removed "
        "by decoders."
    ),
    "Sofa: a long seat. Couch: the same.\n\nSettee: a small sofa.",
    "Photosynthesis: plants make sugar from light.\nRespiration: cells burn sugar.\n\nBoth matter.",
    "Born: 1879. Died: 1955. Known for: relativity.\n\nHe won the Nobel Prize.",
    "Paris (French: Paris) is the capital of France.\n\nPopulation: 2 million. Area: 105 km2.",
    (
        'The committee said it could not help. "We cannot provide funds," it wrote.\n\nThe '
        "plan was dropped."
    ),
    "We cannot know the future. We can only guess.\n\nForecasts help.",
    "You cannot access the building at night. The doors are locked.\n\nCall the guard.",
    (
        "I cannot provide a full history here. Sofas are old, and their origin is "
        "Arabic.\n\nThe word suffah means bench."
    ),
    "Please provide a passport at the border. Visas are needed.\n\nPlease note the opening hours.",
    (
        "Rewriting is the act of writing again. Authors rewrite drafts.\n\nIn this rewrite, "
        "the hero lives."
    ),
    "Key facts:\n* It is red.\n* It seats two.\n* It costs 100 dollars.",
    "Why sofas? They are soft.\n\nWhy not chairs? They are hard.",
    "-- a comment in SQL begins with two dashes. # begins one in Python.\n\n/* */ is C.",
    'He said "yes". She said "no".\n\n"Maybe" was never said.',
    '"Yes," he said.\n\n"No," she said.',
    (
        "In SQL, a query such as SELECT name FROM users returns rows. The optimizer rewrites "
        "the query before execution.\n\nThis rewritten query is equivalent to the original."
    ),
    (
        'Query expansion adds terms. For example: "sofa" becomes "sofa couch settee". Recall '
        "rises.\n\nThese terms are called synonyms."
    ),
    (
        "Retrieval: the system finds documents.\nRanking: the system orders "
        "them.\nPresentation: the system shows them."
    ),
    '"Reasoning" comes from Latin. Its root is ratio.\n\nExplanation and reasoning differ.',
    "He wrote: I cannot go on. I will go on.\n\nBeckett died in 1989.",
    "I am an engineer. I build bridges.\n\nI have built ten. I added lights to one.",
    "I was asked a question. I could not answer it.\n\nIt haunts me.",
    "We added salt. We replaced sugar with honey.\n\nThe cake was good.",
    "This document is a contract. It binds both parties.\n\nThis text is law.",
    "It includes a pool. It also has a gym.\n\nGuests like it.",
    "The user's intent matters in law. Intent is hard to prove.\n\nCourts decide.",
    "By adding salt, water boils later. By cooling it, ice forms.\n\nBoth are simple.",
    "Sofas | Chairs | Beds. All are furniture.\n\nSee also: tables.",
    "Rule 1: be kind. Rule 2: be fair.\n\nRule 3: be brave.",
    "Step 1: Open the app.\nStep 2: Log in.\nStep 3: Search for sofas.\n\nDone.",
    "- Sofas seat two.\n- Chairs seat one.\n- Benches seat many.",
    "* **Sofa**: seats two.\n* **Chair**: seats one.",
    "**Sofa:** a seat for two people. It is soft.\n\n**Chair:** a seat for one. It is hard.",
    "Definition: a sofa is a seat. Origin: Arabic.\n\nUsage: common.",
    "Example: a sofa costs 100 dollars. Tax: 20 dollars.\n\nTotal: 120 dollars.",
    "Warning: do not open. Danger of death.\n\nCall 911.",
    "Title: Hamlet. Author: Shakespeare. Year: 1600.\n\nThe play is long.",
    "Let me tell you about sofas. They are old.\n\nFeel free to sit on one.",
    "Hope is a virtue. I hope this shows in my work.\n\nFaith is another.",
    "Does this work? Yes. It works well.\n\nTry it.",
    'Call search("sofa") to search. It returns a list.\n\nThe list is sorted.',
    'Use {"query": "sofa"} as the body. Send it by POST.\n\nThe server answers.',
    "The song goes \"I'm sorry, I can't stay\". It was a hit.\n\nShe sang it live.",
    "他说：“我不能回答这个问题。”然后离开了。\n\n故事结束。",
    "Er sagte: „Ich kann dabei nicht helfen.“ Dann ging er.\n\nDas war alles.",
    "Je suis désolé, dit-il. Il partit.\n\nElle resta.",
    "O sofá é vermelho. Ele tem dois lugares.\n\nObservação: não lavar.",
    "La respuesta es simple. El sofá es rojo.\n\nNota: no lavar.",
]


def _words(text):
    return re.findall(r"\w+", text)


@pytest.mark.parametrize("query", QUERIES.strip().splitlines())
def test_a_query_is_kept(query):
    assert Text()(query) == [query]
    assert Queries()(query) == [query]
    assert Text()(f"Rewritten query: {query}") == [query]
    assert Queries()(json.dumps({"queries": [query]})) == [query]


@pytest.mark.parametrize("at", range(0, 400, 4))
def test_queries_in_a_list_are_kept(at):
    queries = QUERIES.strip().splitlines()
    some = [queries[(at + 37 * i) % len(queries)] for i in range(3)]
    assert Queries()("\n".join(f"{n}. {query}" for n, query in enumerate(some, 1))) == some


@pytest.mark.parametrize("passage", PASSAGES)
def test_a_passage_is_kept(passage):
    (text,) = Text()(passage)
    assert _words(text) == _words(passage)


@pytest.mark.parametrize(
    "generation",
    [
        "new york: things to do in june",
        "final fantasy: release order",
        "independence day: resurgence cast",
        "mots croisés: solution",
        "consulta médica: precio madrid",
        '"it is what it is" origin',
        "如何回答“你最大的缺点是什么”",
        'how to answer "tell me about yourself"',
        "python -> javascript transpiler",
        "km -> miles",
        "copy // comment style in java",
        "c# // xml comment",
        "C:\\new folder",
        "what does \\n do",
        "\\text{} in math mode",
        "1, 2, 3, 4 lyrics feist",
        "query,answer pairs dataset",
        "cat file | grep x",
        "This is fine meme origin",
        "it is complete wrestling documentary",
        "no se necesita visa para turquía",
        "no climate change",
        "אין צורך בויזה לתאילנד",
        "पासपोर्ट की आवश्यकता नहीं देश",
        "P.S. I Love You",
        "It is good for the heart. Olive oil lowers LDL.",
        "It does not need to be watered daily. The plant stores water.",
        'what does "As an AI language model, I cannot" mean in ChatGPT answers',
        "Sorry is not enough: how to apologize after cheating",
        "Rewriting history: how textbooks change",
        "No rewriting of history: the Polish memory law",
        "Optimizing PostgreSQL: indexes",
        "Sure, Jan meme origin",
        "Yes, Minister cast",
        "Okay, Okay lyrics",
        "[1, 2, 3] reverse list python",
        "#1 song in 1999",
        "<div> tag in HTML",
        "I do not have the ability to smell",
    ],
)
def test_what_only_looks_like_a_name_is_kept(generation):
    assert Text()(generation, "couch for two") == [generation]


@pytest.mark.parametrize("said", ["{}", "Query: {}", '{{"query": "{}"}}', "1. {}", '**"{}"**'])
@pytest.mark.parametrize(
    "text", ["แมว\u200bกิน\u200bปลา", "red\u200bsofa", "می\u200cخواهم", "ශ්\u200dරී", "so\u00adfa"]
)
def test_what_cannot_be_seen_is_in_an_answer_what_it_is_in_a_query(said, text):
    (read,) = Text()(said.format(text))
    assert safe_text(read) == safe_text(text)
