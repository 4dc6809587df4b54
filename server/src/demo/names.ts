/** How a culture writes names: what differs from given name, blank, one family name. */
type Habit = 'family first' | 'two surnames' | 'umlauts as ae' | 'plain';

/** Given and family names that may be combined freely; `he/she` marks a family name that follows the bearer. */
export interface Culture {
  readonly women: readonly string[];
  readonly men: readonly string[];
  readonly families: readonly string[];
  readonly habit: Habit;
}

function culture(women: string, men: string, families: string, habit: Habit = 'plain'): Culture {
  const [w, m, f] = [women, men, families].map((names) => names.trim().split(/,\s+/));
  return { women: w ?? [], men: m ?? [], families: f ?? [], habit };
}

/** Names by culture. Pairs that would make the name of a well-known person were left out. */
export const cultures = {
  arabic: culture(
    'Dima, Hanan, Layla, Lina, Nour, Rania, Reem, Salma, Suha, Yara',
    'Bassel, Faris, Ghassan, Kamal, Khaled, Nabil, Omar, Sami, Tarek, Yousef, Ziad',
    `al-Khatib, al-Masri, Barakat, Darwish, Haddad, Hamdan, Khoury, Mansour, Najjar, Nassar, Qasim, Sabbagh, Shaheen,
    Tannous, Zaidan`,
  ),
  british: culture(
    `Abigail, Beth, Catrin, Charlotte, Eleanor, Fiona, Freya, Gemma, Georgina, Harriet, Isla, Jacqueline, Kirsty, Lorna,
    Megan, Nerys, Olivia, Philippa, Rosalind, Rhiannon, Tamsin, Verity, Winifred, Zara`,
    `Alistair, Angus, Callum, Dafydd, Duncan, Edmund, Euan, Gareth, Giles, Hamish, Hugh, Iwan, Jasper, Kenneth, Leonard,
    Nigel, Piers, Rhodri, Rupert, Stuart, Toby, Wesley`,
    `Ashworth, Barraclough, Blackwood, Braithwaite, Cadwallader, Chadwick, D'Arcy, Drummond, Entwistle, Fairclough,
    Featherstone, Garside, Goodfellow, Gwynne, Hargreaves, Holroyd, Ingleby, Kershaw, Lockwood, MacInnes, McAllister,
    Merriweather, Norcross, Ormerod, Penrose, Pritchard, Ridgway, Rutherford, Selkirk, Stannard, Thistlethwaite,
    Trelawney, Urquhart, Wainwright, Whitcombe, Winterbourne, Yardley`,
  ),
  croatian: culture(
    'Dragana, Ivana, Jelena, Marija, Snežana, Vesna',
    'Boris, Dejan, Goran, Ivica, Mladen, Zoran',
    'Babić, Đurić, Jurić, Kovačević, Marković, Nikolić, Pavić, Petrović, Radić, Šarić',
  ),
  czech: culture(
    'Alžběta, Božena, Hana, Jiřina, Lenka, Markéta, Šárka, Zdeňka',
    'Bohumil, Jiří, Luboš, Ondřej, Radek, Tomáš, Vojtěch, Zdeněk',
    `Hájek/Hájková, Jelínek/Jelínková, Kučera/Kučerová, Novotný/Novotná, Říha/Říhová, Šimek/Šimková, Šťastný/Šťastná,
    Vlček/Vlčková`,
  ),
  danish: culture(
    `Anne-Mette, Birgit, Camilla, Dorthe, Gitte, Karen, Kirstine, Lærke, Maja, Pernille, Rikke, Signe, Trine`,
    'Anders, Bent, Carsten, Esben, Frederik, Jeppe, Jesper, Kasper, Mads, Mikkel, Niels-Erik, Ole, Rasmus, Søren, Troels',
    `Bæk, Bjerregaard, Christiansen, Dalgaard, Frandsen, Gregersen, Holmgaard, Iversen, Jeppesen, Kjærulff, Krogh,
    Lauridsen, Møller, Østergaard, Ravn, Skov, Thygesen`,
  ),
  dutch: culture(
    `Anneke, Daphne, Femke, Fleur, Hanneke, Ilse, Jolanda, Liesbeth, Lotte, Maaike, Marloes, Sanne, Saskia, Willemijn`,
    'Bas, Bram, Coen, Daan, Gijs, Jeroen, Joost, Koen, Maarten, Niels, Pieter, Ruben, Sjoerd, Teun, Thijs, Wouter',
    `Bakker, Boersma, de Boer, de Graaf, Dekker, Dijkstra, Hoekstra, in 't Veld, Jansen, Kuipers, Meijer, Postma,
    Schouten, van Dam, van den Berg, van der Linden, van der Meer, van Leeuwen, Visser, Zijlstra`,
  ),
  finnish: culture(
    'Aino, Anneli, Eeva, Hanna-Leena, Kaisa, Marjatta, Päivi, Riikka, Saara, Tuuli',
    'Antti, Eero, Heikki, Juho, Jyrki, Kimmo, Mikko, Pekka, Väinö',
    `Hämäläinen, Heikkilä, Järvinen, Kähkönen, Koskela, Lähteenmäki, Mäkelä, Nieminen, Pöllänen, Rantala, Tuominen,
    Väisänen, Ylönen`,
  ),
  french: culture(
    `Agnès, Aurélie, Camille, Céline, Chloé, Clémence, Delphine, Élodie, Estelle, Geneviève, Hélène, Inès, Margaux,
    Pascale, Sandrine, Solène, Véronique`,
    `Antoine, Aurélien, Baptiste, Benoît, Cédric, Didier, Étienne, François, Gaël, Grégoire, Jérôme, Jean-Baptiste, Loïc,
    Mathieu, Rémi, Sébastien, Thibault, Yannick`,
    `Aubert, Barbier, Beaumont, Bonnefoy, Chevallier, Collet, Delattre, Desrosiers, Dufour, Fabre, Garnier, Gauthier,
    Guérin, L'Hostis, Lefèvre, Lemaître, Maréchal, Mercier, Pélissier, Perrin, Quéméneur, Renard, Rousselet, Tessier,
    Vasseur`,
  ),
  german: culture(
    `Anke, Annika, Antje, Beate, Britta, Carolin, Dörte, Elke, Franziska, Frauke, Friederike, Gesa, Hannelore, Heike, Ilka,
    Jutta, Karola, Käthe, Kirsten, Leonie, Maren, Nadine, Ronja, Rosemarie, Silke, Svenja, Tabea, Ulrike, Wiebke`,
    `Achim, Arne, Benedikt, Bernd, Detlef, Eike, Fabian, Florian, Götz, Günter, Hannes, Henning, Holger, Ingo, Jannik,
    Jochen, Jörg, Jürgen, Kai, Lars, Malte, Matthias, Norbert, Ole, Philipp, Rainer, Sönke, Torben, Uwe, Volker, Wolfgang`,
    `Ahrens, Albers, Bäcker, Behrens, Böttcher, Busch, Claußen, Dierks, Döring, Ebeling, Eggers, Feddersen, Förster, Gerdes,
    Göbel, Große, Grünewald, Hagedorn, Hartmann, Hinrichs, Jäger, Jessen, Kessler, Köhler, Kröger, Krüger, Kühn, Lange,
    Lüders, Möller, Naumann, Nöldeke, Oltmanns, Pohl, Rademacher, Reinhardt, Rößler, Schäfer, Schierenbeck, Schönfeld,
    Schröder, Sommer, Stüve, Thiele, Tiedemann, Vogelsang, Voß, Wächter, Weißenborn, Winkler, Wulf, Zöllner`,
    'umlauts as ae',
  ),
  greek: culture(
    'Chrysa, Eleni, Foteini, Katerina, Vasiliki',
    'Dimitris, Giorgos, Kostas, Nikos, Stavros',
    `Alexiou, Georgiadis/Georgiadi, Karagiannis/Karagianni, Nikolaidis/Nikolaidi, Papadakis/Papadaki, Pappas/Pappa,
    Vlachos/Vlachou`,
  ),
  icelandic: culture(
    'Ásdís, Guðrún, Hildur, Ragnheiður, Sigríður, Þórunn',
    'Ari, Guðmundur, Hallur, Ragnar, Sigurður, Þorsteinn',
    `Einarsson/Einarsdóttir, Jónsson/Jónsdóttir, Kristjánsson/Kristjánsdóttir, Magnússon/Magnúsdóttir, Pálsson/Pálsdóttir,
    Þórsson/Þórsdóttir`,
  ),
  indian: culture(
    'Aditi, Ananya, Divya, Ishita, Kavita, Latha, Malini, Nandini, Pooja, Rukmini, Shreya, Sunita, Vasudha',
    'Aditya, Ajit, Anand, Ashwin, Gaurav, Karthik, Manish, Nitin, Rajesh, Ritesh, Srinivas, Subhash, Vikram',
    `Banerjee, Bhattacharya, Chatterjee, Desai, Deshpande, Gupta, Iyer, Joshi, Kulkarni, Mathur, Mehta, Menon, Mukherjee,
    Nair, Patel, Pillai, Rao, Reddy, Sharma, Subramaniam, Trivedi`,
  ),
  irish: culture(
    `Aisling, Aoife, Bríd, Bridget, Caoimhe, Ciara, Clodagh, Deirdre, Éabha, Eimear, Fionnuala, Gráinne, Maeve, Máire,
    Muireann, Neasa, Nuala, Orla, Róisín, Siobhán, Sorcha, Úna`,
    `Brendan, Cathal, Ciarán, Colm, Conall, Declan, Diarmuid, Dónall, Éamonn, Eoin, Fergal, Fiachra, Fintan, Killian,
    Lorcán, Malachy, Niall, Oisín, Pádraig, Ruairí, Séamus, Tadhg`,
    `Brophy, Burke, Cassidy, Coughlan, Cullen, Delaney, Devlin, Doherty, Dunne, Fallon, Flanagan, Foley, Gallagher,
    Heffernan, Kinsella, Lynch, MacCarthy, McGrath, Moynihan, Mulcahy, Nolan, O'Brien, O'Callaghan, O'Dwyer, O'Leary,
    O'Mahony, O'Riordan, O'Shea, Ó Conghaile/Ní Chonghaile, Ó Dálaigh/Ní Dhálaigh, Ó Súilleabháin/Ní Shúilleabháin, Prendergast,
    Quinlan, Rafferty, Sheehan, Tierney, Twomey, Walsh`,
  ),
  italian: culture(
    'Alessia, Beatrice, Chiara, Donatella, Federica, Giada, Ginevra, Ilaria, Lucrezia, Martina, Noemi, Serena',
    'Alessandro, Davide, Emanuele, Fabrizio, Gianluca, Lorenzo, Matteo, Niccolò, Pierpaolo, Riccardo, Simone, Tommaso',
    `Barbieri, Bianchi, Caruso, Colombo, D'Amico, De Santis, Dell'Acqua, Fontana, Galli, Longhi, Marchetti, Morelli,
    Pellizzari, Rinaldi, Sartori, Tagliaferri, Vitale`,
  ),
  japanese: culture(
    'Haruka, Kaori, Mayumi, Natsuki, Sayuri, Yoshie',
    'Daisuke, Hiroshi, Kazuo, Kenta, Naoki, Takumi',
    'Fujimoto, Hayashida, Inoue, Kobayakawa, Miyake, Nishikawa, Ogawa, Tanabe, Uchida',
  ),
  maghrebi: culture(
    'Amina, Asmae, Farida, Houda, Ilham, Latifa, Naïma, Samira, Soumaya, Yasmine',
    'Abdelkader, Driss, Hamza, Hicham, Ismaïl, Mehdi, Mounir, Rachid, Reda, Younes',
    `Amrani, Belkacem, Ben Salah, Benali, Bouazza, Cherkaoui, El Fassi, El Idrissi, Haddou, Lahlou, M'Barek, Ouali, Tahiri,
    Zerhouni`,
  ),
  nigerian: culture(
    'Adaeze, Chidinma, Ifeoma, Ngozi, Nkechi, Obiageli, Oluchi',
    'Azubuike, Ikenna, Somto, Nnamdi, Obinna, Okechukwu, Uchenna',
    'Anyanwu, Chukwu, Eze, Ibekwe, Nwachukwu, Nwosu, Okeke, Onyekachi, Uzoma',
  ),
  norwegian: culture(
    'Åshild, Astrid, Bodil, Hege, Ingrid, Kari, Kjersti, Liv, Mette, Ragnhild, Sigrid, Solveig',
    'Bjarne, Eirik, Håvard, Jostein, Kåre, Knut, Magnus, Øystein, Sindre, Steinar, Torbjørn, Trond',
    `Aasen, Bakke, Berge, Bjørnstad, Brekke, Eide, Fjeldstad, Grønlie, Haugen, Kvåle, Moen, Myhre, Nygård, Øverland,
    Rønning, Sæther, Tveit`,
  ),
  polish: culture(
    `Agnieszka, Aleksandra, Beata, Bożena, Danuta, Elżbieta, Ewelina, Grażyna, Jagoda, Joanna, Kinga, Magdalena,
    Małgorzata, Weronika, Wioletta, Żaneta`,
    `Andrzej, Bartosz, Dariusz, Grzegorz, Jakub, Jarosław, Krzysztof, Łukasz, Maciej, Marek, Michał, Paweł, Przemysław,
    Rafał, Sławomir, Wojciech, Zbigniew`,
    `Baran, Bąk, Czarnecki/Czarnecka, Gajewski/Gajewska, Górski/Górska, Jabłoński/Jabłońska, Kaczmarek, Kołodziej, Lis,
    Makowski/Makowska, Nowicki/Nowicka, Pawlak, Sikora, Stępień, Szczepański/Szczepańska, Szymczak,
    Wiśniewski/Wiśniewska, Wróbel, Wójcik, Zając, Żak`,
  ),
  portuguese: culture(
    'Beatriz, Catarina, Conceição, Filipa, Inês, Joana, Leonor, Lurdes, Madalena, Mariana, Rita, Teresa',
    'Afonso, António, Duarte, Gonçalo, Henrique, João, Jorge, Luís, Nuno, Rui, Simão, Tiago, Tomás',
    `Almeida, Brandão, Carvalho, da Cunha, Esteves, Figueiredo, Fontes, Gouveia, Guimarães, Lourenço, Magalhães, Moura,
    Noronha, Pimentel, Queirós, Simões, Teles, Vasconcelos`,
  ),
  spanish: culture(
    'Alba, Begoña, Carmen, Inés, Itziar, Lucía, Macarena, Marisol, Montserrat, Nuria, Paloma, Rocío, Sofía, Yolanda',
    `Álvaro, Andrés, Asier, Borja, Gonzalo, Íñigo, Jesús, Joaquín, José Luis, Julián, Martín, Óscar, Rubén, Santiago, Xavier`,
    `Arrieta, Benítez, Caballero Ruiz, Cárdenas, Doménech, Echeverría, Esteban Gil, Fuentes, Gálvez Romero, Lozano Peña,
    Márquez, Montoya, Muñoz Serra, Núñez Vidal, Ordóñez, Peñalver, Quintana, Sáez Molina, Urrutia, Vázquez, Zubiri`,
    'two surnames',
  ),
  swedish: culture(
    'Agneta, Åsa, Birgitta, Ebba, Elin, Gunilla, Ingela, Karin, Linnéa, Malin, Märta, Pernilla, Tove, Ylva',
    `Åke, Anders, Björn, Fredrik, Göran, Gustav, Håkan, Henrik, Jörgen, Lennart, Mårten, Niklas, Östen, Pär, Tobias`,
    `Åkerlund, Åström, Bergström, Blomqvist, Dahlgren, Ekström, Forsberg, Häggström, Hallberg, Hedström, Isaksson,
    Lindqvist, Löfgren, Nyström, Öberg, Sandström, Sjögren, Söderlund, Wallin, Wikström`,
  ),
  turkish: culture(
    'Aylin, Ayşe, Burcu, Çiğdem, Derya, Ebru, Elif, Gülşah, Hülya, Nilüfer, Özlem, Sevgi, Şebnem, Zeynep',
    'Barış, Deniz, Emre, Erkan, Gökhan, Hakan, İlker, Kaan, Mert, Murat, Oğuz, Onur, Serkan, Sinan, Tolga',
    `Acar, Aksoy, Arslan, Aydın, Bulut, Çelik, Demirci, Doğan, Ekinci, Güneş, Karaca, Kılıç, Öztürk, Polat, Şahin, Taş,
    Uysal`,
  ),
  ukrainian: culture(
    'Halyna, Kateryna, Larysa, Oksana, Olena, Yuliia',
    'Andrii, Bohdan, Ihor, Oleksandr, Serhii, Taras',
    'Boiko, Hnatiuk, Kovalchuk, Kravets, Lysenko, Marchenko, Prokopenko, Savchuk, Tymchuk',
  ),
  american: culture(
    'Amanda, Brianna, Denise, Gabriela, Hannah, Jasmine, Kendra, Lauren, Monique, Paige',
    'Brandon, Caleb, Darnell, Ethan, Garrett, Hector, Isaiah, Kyle, Marcus, Terrence',
    `Alvarado, Bergstrom, Carmichael, Delacroix, Eubanks, Gutierrez, Holloway, Kowalski, Langston, McKinney, O'Malley,
    Pruitt, Rosenthal, Vandermeer, Whitaker, Yamamoto`,
  ),
  vietnamese: culture(
    'Bích Ngọc, Hồng Nhung, Kim Liên, Mai Phương, Ngọc Anh, Quỳnh Chi, Thanh Mai, Thị Lan, Thu Hà, Thùy Trang',
    'Anh Dũng, Đức Anh, Gia Bảo, Hải Nam, Hữu Phước, Minh Tuấn, Nhật Minh, Quang Huy, Văn Hùng',
    'Nguyễn, Trần, Lê, Phạm, Hoàng, Huỳnh, Phan, Vũ, Võ, Đặng, Bùi, Đỗ, Ngô, Dương',
    'family first',
  ),
} as const satisfies Record<string, Culture>;

/** A key of `cultures`. */
export type CultureName = keyof typeof cultures;
