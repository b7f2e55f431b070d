#include "bench/words.h"

#include <algorithm>

namespace isodb::bench {
namespace {

constexpr std::string_view kGivenNames =
    "Abena Adela Ahmed Aiko Alberto Alma Amina Anders Anita Anton Aroha Astrid Ayesha Beatriz Bela "
    "Bilal Birgit Bruno Camila Carlos Cecilia Chen Chidi Clara Dagmar Daniel Daria David Deepa "
    "Dieter Dolores Edita Efua Elena Elias Emeka Emil Esther Eva Fatima Felix Fiona Florence Franz "
    "Gabriela Georg Greta Grace Hana Hassan Helga Henrik Hiroshi Ibrahim Ida Ingrid Irina Isabel "
    "Ivan Jakob Jamila Jan Joana Johan Jonas Jorge Josef Juma Kaito Karim Katarina Kofi Kwame Lars "
    "Laura Leila Lena Leon Lidia Linh Lucia Luis Magda Malik Manuel Maria Marta Mateo Mei Mikael "
    "Mina Miriam Mohamed Nadia Naomi Nils Noah Olga Oluwa Omar Oscar Paula Pavel Pedro Petra Priya "
    "Rafael Rahel Ravi Renata Rosa Ruth Sami Sanjay Sara Selma Sipho Sofia Stefan Sunita Tariq Tea "
    "Thandi Tomas Ulrike Uma Vera Viktor Wanjiru Xavier Yara Yusuf Zainab Zoltan";

constexpr std::string_view kFamilyNames =
    "Abe Achterberg Adeyemi Aguilar Ahlgren Alvarez Andersson Asante Aydin Bakker Banda Bauer "
    "Benali Bergman Bianchi Blanco Bondarenko Bosch Brandt Campos Castillo Chavez Chukwu Costa "
    "Cruz Dahl Dang Dias Diallo Dlamini Duarte Eriksen Espinoza Falk Farah Fernandes Fischer "
    "Fonseca Franke Fuentes Garcia Gashi Gonzalez Greene Gupta Haddad Hakimi Hansen Hartmann "
    "Hassan "
    "Haugen Herrera Hoang Hofer Horvat Hussein Ibarra Ito Ivanova Jansen Jensen Joshi Kamau Kaplan "
    "Karlsson Kaya Keita Khan Kimura Klein Koch Kovacs Kowalski Kruger Kumar Lang Larsen Lehtonen "
    "Lima Lindqvist Lopez Lund Mahlangu Mansour Marino Martins Mbeki Mendes Meyer Molina Moreau "
    "Moretti Mutua Mwangi Nagy Nakamura Navarro Ndlovu Nguyen Nielsen Novak Nunes Nyberg Obi "
    "Odhiambo Okafor Oliveira Olsen Ortega Osei Ozturk Pereira Petrov Pham Popescu Quispe Rahman "
    "Ramos Reyes Ricci Rojas Romero Rossi Saito Salazar Santos Sato Schmidt Schneider Sesay Sharma "
    "Silva Singh Sousa Suzuki Svoboda Tamang Tanaka Tesfaye Torres Toure Tran Vargas Vasquez Vega "
    "Virtanen Vogel Wagner Wairimu Weber Wolff Yamada Yilmaz Zeman Zhang Zimmer";

constexpr std::string_view kTowns =
    "Aarberg Alvdal Antsirabe Arusha Bagamoyo Balchik Bamenda Berat Bergen Bitola Bolgatanga Borgo "
    "Bukoba Cacheu Calama Chachapoyas Chimoio Colonia Coyhaique Dolina Dongola Durres Elbasan "
    "Entebbe Esquel Falun Fianga Gabrovo Garissa Gjirokaster Gondar Hagen Hallein Huaraz Iquitos "
    "Isiolo Jakar Jinja Kajaani Kasese Kempten Kilifi Kirkenes Kitale Koforidua Korce Kribi Kuopio "
    "Lamu Leticia Lindi Livno Lodwar Loja Luganville Maralal Masaka Mbale Melgar Mopti Moshi "
    "Mostar "
    "Mzuzu Nakuru Nampula Narvik Natitingou Nebbi Nyeri Ohrid Olbia Ollague Oulu Pakse Pemba "
    "Pokhara "
    "Prizren Puno Quelimane Rovaniemi Ruse Sapa Segou Shkoder Sokode Songea Sorata Tamale Tarija "
    "Temuco Tete Tilaran Tromso Turku Ushuaia Uyuni Vinh Voi Wajir Xalapa Yaren Zinder";

constexpr std::string_view kStreets =
    "Station Market Church School Harbour Mill River Garden Hill Forest Bridge Castle Lake North "
    "South East West Baker Potter Weaver Miller Fisher Shepherd Orchard Meadow Spring Stone Linden "
    "Birch Maple Cedar Olive Acacia Baobab Palm Jacaranda Mango Pine Ash Willow Poplar Chestnut";

constexpr std::string_view kGoods =
    "maize|rice|beans|lentils|sorghum|millet|wheat flour|sunflower oil|palm oil|salt|sugar|tea|"
    "coffee|dried fish|powdered milk|groundnuts|cassava|potatoes|onions|tomatoes|bananas|oranges|"
    "diesel|petrol|kerosene|gas bottle|fertiliser|seed potatoes|hybrid maize seed|pesticide|hoe|"
    "wheelbarrow|water pump|hose 25 m|drip line|solar panel 100 W|battery 12 V|charge controller|"
    "LED lamp|cable 2.5 mm|roof sheet|cement|nails 80 mm|timber 50x100|wire mesh|paint white|"
    "rope 10 mm|tarpaulin|jerrycan 20 l|bucket|soap|bleach|blanket|mosquito net|school notebook|"
    "pencils|chalk|bicycle tyre|inner tube|brake pads|motor oil|air filter|spark plug|fan belt";

constexpr std::string_view kMedicines =
    "amoxicillin paracetamol ibuprofen metformin amlodipine enalapril salbutamol artemether "
    "cotrimoxazole doxycycline omeprazole furosemide insulin ferrous-sulfate folic-acid zinc ORS "
    "albendazole mebendazole ciprofloxacin metronidazole diazepam phenobarbital prednisolone "
    "hydrochlorothiazide atenolol glibenclamide cetirizine vitamin-A rifampicin isoniazid "
    "ethambutol pyrazinamide tenofovir lamivudine dolutegravir nevirapine praziquantel ivermectin";

constexpr std::string_view kCommon =
    "the of and to in a for was on with at by from after before until since about again almost "
    "also although another any around arrived asked away back bad because been began behind below "
    "better between big both bring broken brother brought built bus but called came can car care "
    "carried case cause changed checked child children clean clear clinic closed cold come common "
    "cough could county cross daily damage daughter day dry deep delivered delay did difficult "
    "dispatch distance district done door double down driver drove during early east eat eight "
    "empty end engine enough entered equipment evening every expected extra fact failed family far "
    "farm father fell fence fever few field fifth file filled filter finally find fine first "
    "fitted "
    "five floor follow food foot forward found four friday fuel full garden gate gave girl give "
    "goes good got ground group grow had half hand happened hard has have he head health heard "
    "heavy held help her here high him his hold home hospital hot hour house how however hundred "
    "husband if ill immediately improved increase inside instead it its job just keep kept key "
    "kind "
    "knew known lack large last late later least leave left less level light like line list little "
    "local long look lost low made main make man many map market measured medicine meet meeting "
    "metres middle might milk minutes missing monday money month more morning most mother moved "
    "much must my near nearly need neighbour never new next night nine no noise none noon normal "
    "not note nothing now number nurse off office often oil old once one only open or order other "
    "our out outside over own pack paid pain part passed patient pay people perhaps pipe place "
    "plan pressure price probably problem pump put quarter quick quite rain ran range rather "
    "reached ready reason received record red refused regular remained repair replaced reported "
    "rest result returned right river road roof room round rule run safe said same sample saturday "
    "saw school season seat second seed seemed seen sent serious seven several she short should "
    "showed side signal signed six sleep slow small so soil some son soon south spare spoke stable "
    "staff started station stay still stock stone stopped store storm strong such sugar sunday "
    "supply sure system table take taken talk tank team ten test than that their them then there "
    "these they thing third this those though three through thursday time tired today together "
    "told tomorrow too took top total towards town track tractor treatment tree tried truck tube "
    "tuesday twice two under unit unknown up upper use used usual valve van very village visit "
    "wait walk wall want warm washed watch water way we weather wednesday week weight well went "
    "were west wet what wheel when where which while white who whole why wife will wind window "
    "wire without woman wood work worse would wound year yellow yes yesterday yet you young";

constexpr std::string_view kPhrases =
    "according to the last report|as agreed on the telephone|at the request of the customer|"
    "blood pressure under control|came back for a check|checked and found in order|"
    "could not be reached by telephone|delivered to the back entrance|due to heavy rain|"
    "family was informed|for the next two weeks|has to be checked again|in good general condition|"
    "in the presence of the owner|is still waiting for payment|left with the neighbour|"
    "medicine was handed over|meter was read and recorded|next visit was agreed|"
    "no further action is needed|no signs of infection|nothing unusual was found|"
    "on the way back to the depot|one box was damaged|part was ordered today|"
    "patient feels well and sleeps well|pays in cash on delivery|please call before delivery|"
    "reports pain in the lower back|road was closed for repairs|sample was taken to the laboratory|"
    "sensor was cleaned and calibrated|should drink more water|signed by the customer|"
    "spare part is not in stock|the battery was replaced|the filter was changed|"
    "the goods were counted twice|the invoice was sent by post|the pump runs without noise|"
    "the usual dose was given|the wound is healing well|there was no one at home|"
    "value is above the limit|was moved to another date|was not able to come|"
    "water level is lower than last month|will be delivered with the next truck|"
    "will come back in four weeks|with the help of a neighbour";

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

}  // namespace

const Words& words() {
  static const Words lists{
      split(kGivenNames, ' '), split(kFamilyNames, ' '), split(kTowns, ' '),  split(kStreets, ' '),
      split(kGoods, '|'),      split(kMedicines, ' '),   split(kCommon, ' '), split(kPhrases, '|')};
  return lists;
}

}  // namespace isodb::bench
