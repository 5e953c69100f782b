//! Limits of the API that are known before anything is sent: kept to the last unit, and not a unit less.

use crate::scene::Scene;

/// Characters of a question.
const LONGEST: usize = 10_485_760;

#[test]
fn a_question_has_as_many_characters_as_the_api_takes_and_not_one_more() {
    let scene = Scene::new();
    // Characters, not bytes.
    let question = "é".to_owned() + &"x".repeat(LONGEST - 1);
    scene
        .file("longest", &question)
        .file("longer", question + "x");
    let ran = scene.sh("oa-respond -n --prompt-file longer").is(3);
    assert_eq!(ran.kinds(), ["input"]);
    ran.says(&["10485761", "10485760"]);
    assert_eq!(scene.ledger().asked(), [""; 0]);
    scene.ok("oa-respond -n --prompt-file longest >answer");
    assert_eq!(scene.ledger().asked(), ["POST /responses"]);
}
